# SPDX-License-Identifier: BSD-2-Clause
#
# fish completion for weir-plot.

complete -c weir-plot -s o -l output -r -F -d 'The picture goes to this file'
complete -c weir-plot -s T -l type -x -d 'Kind of picture' -a 'svg png text'
complete -c weir-plot -l title -x -d 'Title'
complete -c weir-plot -l size -x -d 'Width and height' -a '900x700 1200x900 80x50'
complete -c weir-plot -l panels -x -d 'What to draw, in this order' -a '(__fish_append , rates depth drops latency waiting)'
complete -c weir-plot -s h -l help -d 'Print a summary of the options'
complete -c weir-plot -s V -l version -d 'Print the version'
