# SPDX-License-Identifier: BSD-2-Clause
# bash completion for weir.
#
# It stands alone: it uses nothing of the bash-completion package, which loads it where installed.
# Behind the options stands COMMAND, whose words are its own.

# Adds to COMPREPLY each of the words $2... that begins with $cur, after the prefix $1: the part of the
# word on the command line that is not the value ("-p" of "-pdr").
_weir_words()
{
	local prefix=$1 word
	shift
	for word; do
		[[ $word == "$cur"* ]] && COMPREPLY+=("$prefix$word")
	done
	# More is to follow after "--policy=" and "rate:".
	[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=:] ]] && compopt -o nospace 2>/dev/null
}

_weir_files()
{
	local prefix=$1 file
	compopt -o filenames 2>/dev/null
	while IFS= read -r file; do
		COMPREPLY+=("$prefix$file")
	done < <(compgen -f -- "$cur")
}

_weir_directories()
{
	local prefix=$1 directory
	compopt -o filenames 2>/dev/null
	while IFS= read -r directory; do
		COMPREPLY+=("$prefix$directory")
	done < <(compgen -d -- "$cur")
}

# The programs and, where a path is begun, the directories: weir runs no builtin.
_weir_programs()
{
	local word
	compopt -o filenames 2>/dev/null
	while IFS= read -r word; do
		[[ -d $word && $cur == */* ]] || type -P -- "$word" >/dev/null && COMPREPLY+=("$word")
	done < <(compgen -c -- "$cur"; [[ $cur != */* ]] || compgen -d -- "$cur")
}

# Sets first to the place of COMMAND, which may be that of the cursor; to 0 where that is among the options.
_weir_command()
{
	local i word
	first=0
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--)
			first=$((i + 1))
			return ;;
		--policy|--buffer|--max-records|--max-record|--high|--low|--max-age|--keep|--key|--field-separator|\
		--sample|--sample-by|--seed|--weight|--drop-over|--mask|--rate|--burst|--rate-by|--settle|--delimiter|--fixed|--header|--frame|--start|--join|--continued|--record-linger|--confirm|--answers|\
		--window|--credits|--batch|--linger|--jobs|--timeout|--retry|--backoff|--stall|--reader-gone|--on-high|\
		--on-low|--spool|--spool-size|--spool-sync|--interval|--size|--metrics|--format|--report|--report-on|--name|--dropped|--top-keys|\
		--drain-timeout|--pipe-size)
			[[ ${COMP_WORDS[i+1]} == = ]] || i=$((i + 1)) ;;
		--*|-) ;;
		-*)
			# Letters; the first that takes a value has what is behind it, or the next word.
			[[ ${word#-} == *([!pmBktsLdjiN])[pmBktsLdjiN] ]] && i=$((i + 1)) ;;
		*)
			first=$i
			return ;;
		esac
		# What the shell has split off belongs to the value.
		while [[ ${COMP_WORDS[i+1]} == [=:] ]]; do
			i=$((i + 2))
		done
	done
}

# The values of option $1, after the prefix $2.
_weir_value()
{
	case $1 in
	-p|--policy) _weir_words "$2" block drop-oldest drop-newest drop-random latest fair shed: codel codel: fail \
		sample: rate: ;;
	-m|-B|--buffer) _weir_words "$2" 64K 256K 1M 16M 256M 1G ;;
	-s|--sample) _weir_words "$2" 10 100 1000 1% 10% ;;
	--sample-by) _weir_words "$2" count random key each-key ;;
	--rate-by) _weir_words "$2" key ;;
	--settle) _weir_words "$2" 100ms 200ms 1s 5s ;;
	--header) _weir_words "$2" 1 2 3 ;;
	-k|--key) _weir_words "$2" 1 2 3 ;;
	-t|--field-separator) _weir_words "$2" , : "'\\t'" ;;
	--max-age|--collapse) _weir_words "$2" 100ms 1s 10s 1m ;;
	--top-keys) _weir_words "$2" 3 10 100 ;;
	-L|--rate|--drop-over) _weir_words "$2" 10/s 100/s 1000/s 1MB/s 10MB/s ;;
	-d|--delimiter) _weir_words "$2" "'\\n'" "'\\t'" "'\\0'" , ;;
	--frame) _weir_words "$2" u8 u16be u16le u32be u32le varint netstring octets pcap ;;
	--record-linger) _weir_words "$2" 100ms 1s 5s ;;
	--max-records) _weir_words "$2" 1 10 100 1000 ;;
	--max-record) _weir_words "$2" 4K 64K 1M ;;
	--fixed) _weir_words "$2" 188 512 4K ;;
	--high|--low) _weir_words "$2" 25% 50% 75% 100% ;;
	--report-on) _weir_words "$2" loss always ;;
	--format) _weir_words "$2" text json journal ;;
	--report|--metrics|--dropped|--answers|--credits) _weir_files "$2" ;;
	--confirm) _weir_words "$2" written read exit line line: number upto ;;
	--window) _weir_words "$2" 1 100 1000 64KiB 1MiB ;;
	--batch) _weir_words "$2" 100 1000 64KiB 1MB 500,1MB ;;
	--linger) _weir_words "$2" 0 100ms 1s 10s ;;
	-j|--jobs) _weir_words "$2" 1 2 4 8 ;;
	--timeout|--stall) _weir_words "$2" 1s 10s 1m 10m ;;
	--retry) _weir_words "$2" forever 0 3 10 ;;
	--backoff) _weir_words "$2" 200ms..30s 1s..1m ;;
	--reader-gone) _weir_words "$2" end discard ;;
	--spool) _weir_directories "$2" ;;
	--spool-size) _weir_words "$2" 64M 1G 10G 100G ;;
	--control) _weir_files "$2" ;;
	--spool-sync) _weir_words "$2" always never 100ms 500ms 5s ;;
	-i|--interval) _weir_words "$2" 100ms 1s 10s 1m ;;
	--drain-timeout) _weir_words "$2" 0 500ms 2s 10s 1m ;;
	--pipe-size) _weir_words "$2" keep 64K 256K 1M ;;
	esac
}

# Sets option and cur when the word under the cursor is the value of an option, whether or not the
# shell has split the line at = and : (COMP_WORDBREAKS decides).  kept is what the reply must repeat of
# a word that was not split.  Where there is nothing to complete, option is "none".
_weir_split()
{
	local i=$COMP_CWORD head=''

	cur=${COMP_WORDS[i]}
	# "rate:10" in three words, "sample:" in two
	if [[ $cur == : ]]; then
		cur='' head=${COMP_WORDS[i-1]} i=$((i - 1))
	elif [[ ${COMP_WORDS[i-1]} == : && $i -gt 2 ]]; then
		head=${COMP_WORDS[i-2]} i=$((i - 2))
	fi
	# "--policy=dr" in three words, "--policy=" in two
	if [[ ${COMP_WORDS[i]} == = ]]; then
		[[ $head ]] || cur=''
		option=${COMP_WORDS[i-1]}
	elif [[ ${COMP_WORDS[i-1]} == = && $i -gt 2 ]]; then
		option=${COMP_WORDS[i-2]}
	elif [[ ! $head && $cur == --*=* ]]; then
		option=${cur%%=*} kept=${cur%%=*}= cur=${cur#*=}
	elif [[ ! $head && $cur == -[pmBktsLdji]?* ]]; then
		option=${cur:0:2} kept=${cur:0:2} cur=${cur:2}
	elif [[ $i -gt 1 && ${COMP_WORDS[i-1]} != --@(mark-drops|number|control|collapse) ]]; then
		option=${COMP_WORDS[i-1]}
	fi
	# in one word again: the values of --sample stand behind "sample:", and behind "codel:" are times
	if [[ ! $head && $cur == *:* && $option == @(-p|--policy) ]]; then
		head=${cur%%:*} kept+=$head: cur=${cur#*:}
	fi
	[[ $head == -p?* ]] && option=-p head=${head:2}
	[[ $head ]] || return
	case $option:$head in
	-p:sample|--policy:sample|-p:shed|--policy:shed) option=--sample ;;
	-p:codel|--policy:codel) option=--max-age ;;
	-p:rate|--policy:rate) option=--rate ;;
	*) option=none ;;
	esac
}

_weir()
{
	local cur=${COMP_WORDS[COMP_CWORD]} option='' kept='' first

	COMPREPLY=()
	_weir_command
	if ((first > 0 && first < COMP_CWORD)); then
		if declare -F _command_offset >/dev/null; then _command_offset "$first"; else _weir_files ''; fi
		return
	elif ((first == COMP_CWORD)); then
		_weir_programs
		return
	fi
	_weir_split
	case $option in
	-[pmBktsLdjNi]|--policy|--buffer|--max-records|--max-record|--high|--low|--max-age|--keep|--key|\
	--field-separator|--sample|--sample-by|--seed|--weight|--drop-over|--collapse|--mask|--rate|--burst|--rate-by|--settle|--delimiter|--fixed|--header|\
	--frame|--start|--join|--continued|--record-linger|\
	--format|--report|--report-on|--drain-timeout|--pipe-size|--name|--interval|--metrics|--mark-drops|\
	--dropped|--top-keys|--size|--confirm|--answers|--window|--credits|--batch|--linger|--jobs|--timeout|--retry|\
	--backoff|--stall|--reader-gone|--on-high|--on-low|--number|--control|--spool|--spool-size|--spool-sync)
		_weir_value "$option" "$kept"
		return ;;
	esac
	[[ $kept || $option == none ]] && return
	[[ $cur == [!-]* ]] && { _weir_programs; return; }
	_weir_words '' -p --policy= -m -B --buffer= --max-records= --max-record= --high= --low= \
		--max-age= --keep= -k --key= -t --field-separator= -s --sample= --sample-by= --seed= \
		--weight= --drop-over= --collapse --collapse= --mask= -L --rate= --burst= --rate-by= --settle= -l --lines -0 -z --null -d --delimiter= --fixed= --frame= \
		-b --bytes --header= --start= --join= --continued= --record-linger= --confirm= --answers= --window= --credits= --batch= --linger= -j --jobs= --timeout= --retry= \
		--bisect --backoff= --restart --stall= --reader-gone= --foreground --on-high= --on-low= --number --number= \
		--spool= --spool-size= --spool-sync= -q --quiet --format= --report= --report-on= --control --control= --fail-on-drop --drain-timeout= \
		--pipe-size= -N --name= -i --interval= -v --progress --size= --metrics= --mark-drops --mark-drops= --dropped= \
		--dropped-reason --top-keys= -h --help -V --version
}

complete -F _weir weir
