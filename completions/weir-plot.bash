# SPDX-License-Identifier: BSD-2-Clause
# bash completion for weir-plot.  Like that of weir it stands alone.

_weir_plot_words()
{
	local prefix=$1 word
	shift
	for word; do
		[[ $word == "$cur"* ]] && COMPREPLY+=("$prefix$word")
	done
	[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
}

_weir_plot_files()
{
	local prefix=$1 file
	compopt -o filenames 2>/dev/null
	while IFS= read -r file; do
		COMPREPLY+=("$prefix$file")
	done < <(compgen -f -- "$cur")
}

# The names of panels are separated by commas: the last one is completed.
_weir_plot_panels()
{
	local prefix=$1
	[[ $cur == *,* ]] && prefix+=${cur%,*}, cur=${cur##*,}
	compopt -o nospace 2>/dev/null
	_weir_plot_words "$prefix" rates depth drops latency waiting
}

_weir_plot()
{
	local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} option='' kept='' i

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == -- ]] && { _weir_plot_files ''; return; }
	done
	# "--type=s" is three words or one, as COMP_WORDBREAKS has it.
	if [[ $cur == = ]]; then
		option=$before cur=''
	elif [[ $before == = ]]; then
		option=${COMP_WORDS[COMP_CWORD-2]}
	elif [[ $cur == --*=* ]]; then
		option=${cur%%=*} kept=${cur%%=*}= cur=${cur#*=}
	elif [[ $cur == -[oT]?* ]]; then
		option=${cur:0:2} kept=${cur:0:2} cur=${cur:2}
	elif [[ $before == -[oT] || $before == --@(output|type|title|size|panels) ]]; then
		option=$before
	fi
	case $option in
	-o|--output) _weir_plot_files "$kept" ;;
	-T|--type) _weir_plot_words "$kept" svg png text ;;
	--size) _weir_plot_words "$kept" 900x700 1200x900 80x50 ;;
	--panels) _weir_plot_panels "$kept" ;;
	'')
		case $cur in
		-*) _weir_plot_words '' -o --output= -T --type= --title= --size= --panels= \
			-h --help -V --version ;;
		*) _weir_plot_files '' ;;
		esac ;;
	esac
}

complete -F _weir_plot weir-plot
