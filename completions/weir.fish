# SPDX-License-Identifier: BSD-2-Clause
#
# fish completion for weir: options, their values, and a command with words of its own behind them.

# Those that take the next word.
set -g __weir_with_value -p --policy -m -B --buffer --max-records --max-record --high --low --max-age --keep -k --key -t \
    --field-separator -s --sample --sample-by --seed --weight --drop-over --mask -L --rate --burst --rate-by --settle -d --delimiter --fixed --header --frame --start --join --continued --record-linger \
    --confirm --answers --window --credits --batch --linger -j --jobs --timeout --retry --backoff --stall --reader-gone \
    --on-high --on-low --spool --spool-size --spool-sync -i --interval --size --metrics --format --report --report-on -N --name --dropped --top-keys \
    --drain-timeout --pipe-size

# Whether the cursor is not behind the command.
function __weir_own
    set -l words (commandline -opc)
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case --
                test (count $words) -eq 1
                return
            case '-*'
                contains -- $words[1] $__weir_with_value
                and set -e words[1]
                set -e words[1]
            case '*'
                return 1
        end
    end
end

# The programs: no function and no builtin can be run.
function __weir_programs
    set -l word (commandline -ct)
    string match -q -- '-*' "$word"
    and return
    for line in (complete -C "$word")
        set -l name (string split -m 1 \t -- $line)[1]
        if string match -q -- '*/' $name
            or command -sq -- $name
            echo $line
        end
    end
end

complete -c weir -f
complete -c weir -n __weir_own -a '(__weir_programs)'
complete -c weir -n 'not __weir_own' -a '(__fish_complete_subcommand -- $__weir_with_value)'

complete -c weir -n __weir_own -s p -l policy -x -d 'What gives way when the buffer is full' -a "
    block\t'the producer waits'
    drop-oldest\t'the oldest records give way'
    drop-newest\t'the arriving record is refused'
    drop-random\t'records drawn by lot give way'
    latest\t'what a newer record of its key supersedes gives way'
    fair\t'records of the key that holds most of the buffer give way'
    shed:\t'under pressure let 1 record in N in'
    codel\t'records that have waited too long give way'
    codel:\t'the same, with a target of your own'
    fail\t'the first record that does not fit ends the run'
    sample:\t'let 1 record in N in, and block'
    rate:\t'let records out no faster than RATE, and block'"
complete -c weir -n __weir_own -s m -s B -l buffer -x -d 'Most bytes held' -a '64K 256K 1M 16M 256M 1G'
complete -c weir -n __weir_own -l max-records -x -d 'Most records held' -a '1 10 100 1000'
complete -c weir -n __weir_own -l max-record -x -d 'Longest record that a policy that drops will hold' -a '4K 64K 1M'
complete -c weir -n __weir_own -l high -x -d 'Stop reading, or begin to shed, at this fill' -a '25% 50% 75% 100%'
complete -c weir -n __weir_own -l low -x -d 'Resume reading, or end to shed, at this fill' -a '0% 25% 50% 75%'
complete -c weir -n __weir_own -l max-age -x -d 'Drop what has waited longer' -a '100ms 1s 10s 1m'
complete -c weir -n __weir_own -l keep -x -d 'Drop records that match last'
complete -c weir -n __weir_own -s k -l key -x -d "A record's key: fields, JSON members, or /REGEX/" -a '1 2 3'
complete -c weir -n __weir_own -s t -l field-separator -x -d 'Fields end in this byte' -a ", : '\\\\t'"
complete -c weir -n __weir_own -s s -l sample -x -d 'Let 1 record in N in' -a '10 100 1000 1% 10%'
complete -c weir -n __weir_own -l sample-by -x -d 'Which 1 record in N' -a 'count random key each-key'
complete -c weir -n __weir_own -l seed -x -d 'Make chance repeat itself'
complete -c weir -n __weir_own -l weight -x -d 'Put before each record how many it stands for'
complete -c weir -n __weir_own -l drop-over -x -d 'Drop what comes in faster than this' -a '10/s 100/s 1000/s 1MB/s 10MB/s'
complete -c weir -n __weir_own -l collapse -d 'Drop repeats of a record; a mark says how many'
complete -c weir -n __weir_own -l mask -x -d 'What may differ in a repeat'
complete -c weir -n __weir_own -s L -l rate -x -d 'Let records out no faster than this' -a '10/s 100/s 1000/s 1MB/s 10MB/s'
complete -c weir -n __weir_own -l burst -x -d 'How much may leave, or come in, at once'
complete -c weir -n __weir_own -l rate-by -x -d 'Hold the rates for each key' -a key
complete -c weir -n __weir_own -l settle -x -d 'Let out nothing before nothing has come for so long' -a '100ms 200ms 1s 5s'
complete -c weir -n __weir_own -s l -l lines -d 'Records end in a newline'
complete -c weir -n __weir_own -s 0 -s z -l null -d 'Records end in a NUL byte'
complete -c weir -n __weir_own -s d -l delimiter -x -d 'Records end in these bytes' -a "'\\\\n' '\\\\t' '\\\\0' ,"
complete -c weir -n __weir_own -l fixed -x -d 'Records of this many bytes' -a '188 512 4K'
complete -c weir -n __weir_own -l frame -x -d 'Records have their length in front' -a 'u8 u16be u16le u32be u32le varint netstring octets pcap'
complete -c weir -n __weir_own -l start -x -d 'A record begins where a line matches this'
complete -c weir -n __weir_own -l join -x -d 'Lines that go on with the one before'
complete -c weir -n __weir_own -l continued -x -d 'Lines that go on with the one behind'
complete -c weir -n __weir_own -l record-linger -x -d 'How long a record waits for more lines' -a '100ms 1s 5s'
complete -c weir -n __weir_own -s b -l bytes -d 'No records, a byte stream'
complete -c weir -n __weir_own -l header -x -d 'The first records stay, and leave first' -a '1 2 3'
complete -c weir -n __weir_own -l confirm -x -d 'When a record is out' -a "
    written\t'the kernel has it'
    read\t'the reader has read it from the pipe'
    exit\t'the command of its batch has ended well'
    line\t'the reader answers, a line for each'
    line:\t'a line that matches, for each'
    number\t'the reader answers with its number'
    upto\t'the reader answers with the last number'"
complete -c weir -n __weir_own -l answers -r -F -d 'Answers come from this file'
complete -c weir -n __weir_own -l window -x -d 'Most in flight' -a '1 100 1000 64KiB 1MiB'
complete -c weir -n __weir_own -l credits -r -F -d 'The reader grants by this file'
complete -c weir -n __weir_own -l batch -x -d 'Run the command for each so much' -a '100 1000 64KiB 1MB 500,1MB'
complete -c weir -n __weir_own -l linger -x -d 'How long a batch waits to be full' -a '0 100ms 1s 10s'
complete -c weir -n __weir_own -s j -l jobs -x -d 'Run so many batches at once' -a '1 2 4 8'
complete -c weir -n __weir_own -l timeout -x -d 'A batch or an answer that takes longer has failed' -a '1s 10s 1m 10m'
complete -c weir -n __weir_own -l retry -x -d 'Tries after a failure' -a 'forever 0 3 10'
complete -c weir -n __weir_own -l bisect -d 'Halve a batch before it is dropped'
complete -c weir -n __weir_own -l backoff -x -d 'How long to wait before a try' -a '200ms..30s 1s..1m'
complete -c weir -n __weir_own -l restart -d 'Start the command again when it ends before the input'
complete -c weir -n __weir_own -l stall -x -d 'A reader that refuses for so long has failed' -a '1s 10s 1m 10m'
complete -c weir -n __weir_own -l reader-gone -x -d 'What to do without a reader' -a 'end discard'
complete -c weir -n __weir_own -l foreground -d 'The command may read the terminal, and gets its signals'
complete -c weir -n __weir_own -l on-high -x -d 'Run this when pressure begins'
complete -c weir -n __weir_own -l on-low -x -d 'Run this when pressure ends'
complete -c weir -n __weir_own -l number -d 'Put its serial before each record'
complete -c weir -n __weir_own -l spool -x -d 'What is held is in this directory, too' -a '(__fish_complete_directories)'
complete -c weir -n __weir_own -l spool-size -x -d 'Most bytes on disk' -a '64M 1G 10G 100G'
complete -c weir -n __weir_own -l spool-sync -x -d 'A power failure costs at most what came in so long' -a 'always never 100ms 500ms 5s'
complete -c weir -n __weir_own -s q -l quiet -d 'No report at the end'
complete -c weir -n __weir_own -l format -x -d 'The form of reports' -a 'text json journal'
complete -c weir -n __weir_own -l report -r -F -d 'Write reports to this file'
complete -c weir -n __weir_own -l report-on -x -d 'Whether to report only losses and failures' -a 'loss always'
complete -c weir -n __weir_own -l control -d 'Listen at a socket, for weirctl'
complete -c weir -n __weir_own -l fail-on-drop -d 'Exit 3 when anything was dropped'
complete -c weir -n __weir_own -l drain-timeout -x -d 'Deliver at most this long after a signal' -a '0 500ms 2s 10s 1m'
complete -c weir -n __weir_own -l pipe-size -x -d 'Kernel pipe capacity to ask for' -a 'keep 64K 256K 1M'
complete -c weir -n __weir_own -s N -l name -x -d 'Name in reports and messages'
complete -c weir -n __weir_own -s i -l interval -x -d 'A report this often' -a '100ms 1s 10s 1m'
complete -c weir -n __weir_own -s v -l progress -d 'A live line on the terminal'
complete -c weir -n __weir_own -l size -x -d 'So much will come, for percent and time left'
complete -c weir -n __weir_own -l metrics -r -F -d 'Replace this file by figures for Prometheus'
complete -c weir -n __weir_own -l mark-drops -d 'Say in the output where records are missing'
complete -c weir -n __weir_own -l dropped -r -F -d 'Append the dropped records to this file'
complete -c weir -n __weir_own -l dropped-reason -d 'With the reason before each of them'
complete -c weir -n __weir_own -l top-keys -x -d 'Report the keys that lost most' -a '3 10 100'
complete -c weir -n __weir_own -s h -l help -d 'Print a summary of the options'
complete -c weir -n __weir_own -s V -l version -d 'Print the version'
