# SPDX-License-Identifier: BSD-2-Clause
#
# fish completion for weir.  It takes no operands, so it completes no files but those of options.

complete -c weir -f

complete -c weir -s p -l policy -x -d 'What gives way when the buffer is full' -a "
    block\t'the producer waits'
    drop-oldest\t'the oldest records give way'
    drop-newest\t'the arriving record is refused'
    drop-random\t'records drawn by lot give way'
    latest\t'what a newer record of its key supersedes gives way'
    shed:\t'under pressure let 1 record in N in'
    codel\t'records that have waited too long give way'
    codel:\t'the same, with a target of your own'
    fail\t'the first record that does not fit ends the run'
    sample:\t'let 1 record in N in, and block'
    rate:\t'let records out no faster than RATE, and block'"
complete -c weir -s m -s B -l buffer -x -d 'Most bytes held' -a '64K 256K 1M 16M 256M 1G'
complete -c weir -l max-records -x -d 'Most records held' -a '1 10 100 1000'
complete -c weir -l max-record -x -d 'Longest record that a policy that drops will hold' -a '4K 64K 1M'
complete -c weir -l high -x -d 'Stop reading, or begin to shed, at this fill' -a '25% 50% 75% 100%'
complete -c weir -l low -x -d 'Resume reading, or end to shed, at this fill' -a '0% 25% 50% 75%'
complete -c weir -l max-age -x -d 'Drop what has waited longer' -a '100ms 1s 10s 1m'
complete -c weir -l keep -x -d 'Drop records that match last'
complete -c weir -s k -l key -x -d "A record's key: a field, or /REGEX/" -a '1 2 3'
complete -c weir -s t -l field-separator -x -d 'Fields end in this byte' -a ", : '\\\\t'"
complete -c weir -s s -l sample -x -d 'Let 1 record in N in' -a '10 100 1000 1% 10%'
complete -c weir -l sample-by -x -d 'Which 1 record in N' -a 'count random key'
complete -c weir -l seed -x -d 'Make chance repeat itself'
complete -c weir -l drop-over -x -d 'Drop what comes in faster than this' -a '10/s 100/s 1000/s 1MB/s 10MB/s'
complete -c weir -s L -l rate -x -d 'Let records out no faster than this' -a '10/s 100/s 1000/s 1MB/s 10MB/s'
complete -c weir -l burst -x -d 'How much may leave, or come in, at once'
complete -c weir -l rate-by -x -d 'Hold the rates for each key' -a key
complete -c weir -s l -l lines -d 'Records end in a newline'
complete -c weir -s 0 -s z -l null -d 'Records end in a NUL byte'
complete -c weir -s d -l delimiter -x -d 'Records end in this byte' -a "'\\\\n' '\\\\t' '\\\\0' ,"
complete -c weir -l fixed -x -d 'Records of this many bytes' -a '188 512 4K'
complete -c weir -s b -l bytes -d 'No records, a byte stream'
complete -c weir -s q -l quiet -d 'No report at the end'
complete -c weir -l format -x -d 'The form of reports' -a 'text json journal'
complete -c weir -l report -r -F -d 'Write reports to this file'
complete -c weir -l report-on -x -d 'Whether to report only losses and failures' -a 'loss always'
complete -c weir -l fail-on-drop -d 'Exit 3 when anything was dropped'
complete -c weir -l drain-timeout -x -d 'Deliver at most this long after a signal' -a '0 500ms 2s 10s 1m'
complete -c weir -l pipe-size -x -d 'Kernel pipe capacity to ask for' -a 'keep 64K 256K 1M'
complete -c weir -s N -l name -x -d 'Name in reports and messages'
complete -c weir -s i -l interval -x -d 'A report this often' -a '100ms 1s 10s 1m'
complete -c weir -s v -l progress -d 'A live line on the terminal'
complete -c weir -l size -x -d 'So much will come, for percent and time left'
complete -c weir -l metrics -r -F -d 'Replace this file by figures for Prometheus'
complete -c weir -l mark-drops -d 'Say in the output where records are missing'
complete -c weir -l dropped -r -F -d 'Append the dropped records to this file'
complete -c weir -l dropped-reason -d 'With the reason before each of them'
complete -c weir -l top-keys -x -d 'Report the keys that lost most' -a '3 10 100'
complete -c weir -s h -l help -d 'Print a summary of the options'
complete -c weir -s V -l version -d 'Print the version'
