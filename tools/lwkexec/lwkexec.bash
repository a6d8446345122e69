# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Completion of lwkexec(1), for bash-completion 2.8 or later.
# Reads the enclaves in configfs; runs no command of its own.

_lwkexec_root=/sys/kernel/config/lwk

# The enclave that the words before the cursor choose. Sets enclave.
_lwkexec_enclave()
{
	local i

	enclave=${LWK_ENCLAVE:-boot}
	for ((i = 1; i < cword; i++)); do
		case ${words[i]} in
		-e | --enclave)
			enclave=${words[i + 1]}
			;;
		--enclave=*)
			enclave=${words[i]#*=}
			;;
		esac
	done
}

# The names of the enclaves.
_lwkexec_names()
{
	local dir names=()

	for dir in "$_lwkexec_root"/*/; do
		[[ -d $dir ]] || continue
		dir=${dir%/}
		names+=("${dir##*/}")
	done
	mapfile -t COMPREPLY < <(compgen -W "${names[*]}" -- "$cur")
}

# The enclave's lists of all and of free cores, then every core by itself.
# After a comma, the rest of a list.
_lwkexec_cores()
{
	local enclave file item items=() list prefix=

	_lwkexec_enclave
	for file in free_cores cores; do
		list=
		{ read -r list <"$_lwkexec_root/$enclave/$file"; } 2>/dev/null
		[[ $list ]] && items+=("$list")
	done
	for item in ${list//,/ }; do
		[[ $item =~ ^([0-9]+)-([0-9]+)$ ]] || continue
		mapfile -t -O "${#items[@]}" items \
			< <(seq "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}")
	done
	[[ $cur == *,* ]] && prefix=${cur%,*},
	mapfile -t COMPREPLY < <(compgen -P "$prefix" -W "${items[*]}" \
		-- "${cur##*,}")
}

# Groups and names of calls, after a comma the rest of a list.
_lwkexec_calls()
{
	local enclave name names=() prefix=

	_lwkexec_enclave
	{
		while read -r name _; do
			names+=("$name")
		done <"$_lwkexec_root/$enclave/calls"
	} 2>/dev/null
	names+=(%file %desc %net %memory %process %signal %ipc %creds %clock
		%fault)
	[[ $cur == *,* ]] && prefix=${cur%,*},
	mapfile -t COMPREPLY < <(compgen -P "$prefix" -W "${names[*]}" \
		-- "${cur##*,}")
}

# Index in COMP_WORDS, where "=" is a word, of the command. Sets offset, beyond
# the cursor if that is at the argument of an option.
_lwkexec_offset()
{
	for ((offset = 1; offset < COMP_CWORD; offset++)); do
		case ${COMP_WORDS[offset]} in
		--)
			((offset++))
			return
			;;
		-e | -c | -n | -m | --enclave | --cpus | --ncpus | --memory | \
			--mem-over | --pages | --fault | --numa | --lock-text | \
			--quantum | --local | --hop)
			((offset++))
			[[ ${COMP_WORDS[offset]} == "=" ]] && ((offset++))
			;;
		--wait | --stats)
			[[ ${COMP_WORDS[offset + 1]} == "=" ]] && ((offset += 2))
			;;
		-*) ;;
		*)
			return
			;;
		esac
	done
}

_lwkexec()
{
	local cur prev words cword split offset

	_init_completion -s || return
	_lwkexec_offset
	if ((offset < COMP_CWORD)) || { ((offset == COMP_CWORD)) &&
		[[ $cur != -* || ${COMP_WORDS[offset - 1]} == -- ]]; }; then
		_command_offset "$offset"
		return
	fi
	case $prev in
	-e | --enclave)
		_lwkexec_names
		return
		;;
	-c | --cpus)
		_lwkexec_cores
		return
		;;
	-n | --ncpus)
		mapfile -t COMPREPLY < <(compgen -W "{1..8} all" -- "$cur")
		return
		;;
	--mem-over)
		mapfile -t COMPREPLY < <(compgen -W "fail linux" -- "$cur")
		return
		;;
	--pages)
		mapfile -t COMPREPLY < <(compgen -W "1g 2m 4k" -- "$cur")
		return
		;;
	--fault)
		mapfile -t COMPREPLY < <(compgen -W "eager lazy" -- "$cur")
		return
		;;
	--numa)
		mapfile -t COMPREPLY < <(compgen -W "local interleave bind:" -- "$cur")
		return
		;;
	--lock-text)
		mapfile -t COMPREPLY < <(compgen -W "yes no" -- "$cur")
		return
		;;
	--quantum)
		mapfile -t COMPREPLY < <(compgen -W "0 1 10 100" -- "$cur")
		return
		;;
	--local | --hop)
		_lwkexec_calls
		return
		;;
	--wait)
		[[ $split == true ]] && return
		;;
	--stats)
		[[ $split == true ]] && { _filedir; return; }
		;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W '-e -c -n -m -v -h -V
			--enclave --cpus --ncpus --memory= --mem-over= --pages=
			--fault= --numa= --lock-text= --quantum= --no-inherit
			--wait --wait= --local= --hop= --local-all --hop-all
			--verbose --dry-run --json --stats --stats= --help --version --' -- "$cur")
		[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
	fi
} && complete -F _lwkexec lwkexec
