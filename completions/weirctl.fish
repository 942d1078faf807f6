# SPDX-License-Identifier: BSD-2-Clause
#
# fish completion for weirctl: words, and behind them a directory.

function __weirctl_words -d 'How many words there are, options left out'
	count (string match -v -- '-*' (commandline -opc))
end

complete -c weirctl -f
complete -c weirctl -n 'test (__weirctl_words) = 1' -a spool -d 'Of what weir --spool has on disk'
complete -c weirctl -n 'test (__weirctl_words) = 2' -a check -d 'What is in it, and what is missing'
complete -c weirctl -n 'test (__weirctl_words) = 2' -a dump -d 'Its records that are not confirmed'
complete -c weirctl -n 'test (__weirctl_words) = 3' -a '(__fish_complete_directories)'
complete -c weirctl -l all -d 'dump: what is confirmed, and still there, as well'
complete -c weirctl -l json -d 'check: all of it as one line of JSON'
complete -c weirctl -l number -d 'dump: put its serial before each record'
complete -c weirctl -s h -l help -d 'Print a summary'
complete -c weirctl -s V -l version -d 'Print the version'
