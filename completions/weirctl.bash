# SPDX-License-Identifier: BSD-2-Clause
# bash completion for weirctl.  Like that of weir it stands alone.

_weirctl_offer()
{
	local word
	for word; do
		[[ $word == "$cur"* ]] && COMPREPLY+=("$word")
	done
}

# The weirs that run: of each line of "weirctl list" that column.
_weirctl_running()
{
	local pid name rest
	while read -r pid name rest; do
		[[ $pid == PID ]] || _weirctl_offer "${!1}"
	done < <(command "${COMP_WORDS[0]}" list 2>/dev/null)
}

# What an option takes.
_weirctl_value()
{
	case $1 in
	-n | --name) _weirctl_running name ;;
	-p | --pid) _weirctl_running pid ;;
	--listen) _weirctl_offer 127.0.0.1:19347 ;;
	*) return 1 ;;
	esac
}

_weirctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} words=() i dir options=true last=''

	COMPREPLY=()
	# "--name=x" is three words where = is among those that part them.
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--) options='' last='' ;;
		=) ;;
		-n | -p | --name | --pid | --listen) [[ $options ]] && last=${COMP_WORDS[i]} ;;
		-*) [[ $options ]] || words+=("${COMP_WORDS[i]}") ;;
		*)
			[[ $last ]] || words+=("${COMP_WORDS[i]}")
			last='' ;;
		esac
	done
	[[ $cur != = ]] || cur=''
	if [[ $options && $cur == --*=* ]]; then
		last=${cur%%=*}
		cur=${cur#*=}
		_weirctl_value "$last"
		COMPREPLY=("${COMPREPLY[@]/#/$last=}")
		return
	fi
	[[ $last ]] && _weirctl_value "$last" && return
	if [[ $options && $cur == -* ]]; then
		_weirctl_offer --all -b --batch --json --listen -n --name --number -p --pid -h --help -V --version
		return
	fi
	case ${#words[@]}:${words[0]} in
	0:) _weirctl_offer list top serve report set pause resume drain purge watch tap spool ;;
	*:set)
		[[ ${COMP_WORDS[COMP_CWORD]} != = && ${COMP_WORDS[COMP_CWORD-1]} != = ]] || return
		compopt -o nospace 2>/dev/null
		_weirctl_offer policy= buffer= max-records= high= low= sample= rate= burst= settle= drop-over= collapse= max-age= keep= \
			window= batch= linger= jobs= retry= backoff= timeout= stall= interval= ;;
	1:watch) _weirctl_offer 1s ;;
	1:tap) _weirctl_offer in out ;;
	2:tap) _weirctl_offer 1/100 ;;
	1:spool) _weirctl_offer check dump ;;
	2:spool)
		compopt -o filenames 2>/dev/null
		while IFS= read -r dir; do
			COMPREPLY+=("$dir")
		done < <(compgen -d -- "$cur") ;;
	esac
}

complete -F _weirctl weirctl
