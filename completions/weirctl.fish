# SPDX-License-Identifier: BSD-2-Clause
#
# fish completion for weirctl: words, what stands behind them, and the weirs that run.

# The words, without options and what belongs to them.
function __weirctl_words
    set -l skip 0
    for word in (commandline -opc)
        if test $skip = 1
            set skip 0
        else if contains -- $word -n -p --name --pid --listen
            set skip 1
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

# __weirctl_behind COUNT [WORD]: so many words stand there, the program's name among them, and WORD is the second.
function __weirctl_behind
    set -l words (__weirctl_words)
    test (count $words) = $argv[1]; and begin
        test (count $argv) = 1; or test "$words[2]" = $argv[2]
    end
end

function __weirctl_set
    set -l words (__weirctl_words)
    test "$words[2]" = set
end

function __weirctl_running
    weirctl list 2>/dev/null | string match -rv '^PID ' | string replace -r '^(\S+) +(\S+).*' $argv[1]
end

complete -c weirctl -f
complete -c weirctl -n '__weirctl_behind 1' -a list -d 'The weirs that can be talked to'
complete -c weirctl -n '__weirctl_behind 1' -a top -d 'How fast, how full, who holds up whom'
complete -c weirctl -n '__weirctl_behind 1' -a serve -d 'The same for browsers and Prometheus'
complete -c weirctl -n '__weirctl_behind 1' -a report -d 'A report, as JSON'
complete -c weirctl -n '__weirctl_behind 1' -a set -d 'Change options'
complete -c weirctl -n '__weirctl_behind 1' -a pause -d 'Let nothing out'
complete -c weirctl -n '__weirctl_behind 1' -a resume -d 'Let it out again'
complete -c weirctl -n '__weirctl_behind 1' -a drain -d 'End in order'
complete -c weirctl -n '__weirctl_behind 1' -a purge -d 'Drop what waits'
complete -c weirctl -n '__weirctl_behind 1' -a watch -d 'A report again and again'
complete -c weirctl -n '__weirctl_behind 1' -a tap -d 'Records that come or go'
complete -c weirctl -n '__weirctl_behind 1' -a spool -d 'Of what weir --spool has on disk'
complete -c weirctl -n __weirctl_set -a 'policy= buffer= max-records= high= low= sample= rate= burst= settle= drop-over= collapse= max-age= keep= window= batch= linger= jobs= retry= backoff= timeout= stall= interval='
complete -c weirctl -n '__weirctl_behind 2 watch' -a 1s -d 'How often'
complete -c weirctl -n '__weirctl_behind 2 tap' -a in -d 'What comes'
complete -c weirctl -n '__weirctl_behind 2 tap' -a out -d 'What goes'
complete -c weirctl -n '__weirctl_behind 3 tap' -a 1/100 -d 'One in how many'
complete -c weirctl -n '__weirctl_behind 2 spool' -a check -d 'What is in it, and what is missing'
complete -c weirctl -n '__weirctl_behind 2 spool' -a dump -d 'Its records that are not confirmed'
complete -c weirctl -n '__weirctl_behind 3 spool' -a '(__fish_complete_directories)'
complete -c weirctl -l all -d 'dump: what is confirmed, and still there, as well'
complete -c weirctl -s b -l batch -d 'top: one table after one second'
complete -c weirctl -l json -d 'check: all of it as one line of JSON'
complete -c weirctl -l listen -x -d 'serve: an address of the loopback, and a port' -a 127.0.0.1:19347
complete -c weirctl -s n -l name -x -d 'The weir with this name' -a "(__weirctl_running '\$2')"
complete -c weirctl -l number -d 'dump: put its serial before each record'
complete -c weirctl -s p -l pid -x -d 'The weir with this process id' -a "(__weirctl_running '\$1\\t\$2')"
complete -c weirctl -s h -l help -d 'Print a summary'
complete -c weirctl -s V -l version -d 'Print the version'
