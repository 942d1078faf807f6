# SPDX-License-Identifier: BSD-2-Clause
# bash completion for weirctl.  Like that of weir it stands alone.

_weirctl_offer()
{
	local word
	for word; do
		[[ $word == "$cur"* ]] && COMPREPLY+=("$word")
	done
}

_weirctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} words=() i dir options=true

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ $options && ${COMP_WORDS[i]} == -- ]]; then
			options=''
		elif [[ ! $options || ${COMP_WORDS[i]} != -* ]]; then
			words+=("${COMP_WORDS[i]}")
		fi
	done
	if [[ $options && $cur == -* ]]; then
		_weirctl_offer --all --json --number -h --help -V --version
		return
	fi
	case ${#words[@]}:${words[0]} in
	0:) _weirctl_offer spool ;;
	1:spool) _weirctl_offer check dump ;;
	2:spool)
		compopt -o filenames 2>/dev/null
		while IFS= read -r dir; do
			COMPREPLY+=("$dir")
		done < <(compgen -d -- "$cur") ;;
	esac
}

complete -F _weirctl weirctl
