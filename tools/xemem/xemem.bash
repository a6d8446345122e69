# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Completion of xemem(1), for bash-completion 2.8 or later.
# Runs no command of its own.

_xemem()
{
	local cur prev words cword split verb='' i

	_init_completion -s || return
	for ((i = 1; i < cword; i++)); do
		case ${words[i]} in
		--timeout | --user)
			((i++))
			;;
		-*) ;;
		*)
			verb=${words[i]}
			break
			;;
		esac
	done
	if [[ $prev == --timeout ]]; then
		mapfile -t COMPREPLY < <(compgen -W "0 1 10 60" -- "$cur")
		return
	fi
	if [[ $prev == --user ]]; then
		mapfile -t COMPREPLY < <(compgen -u -- "$cur")
		return
	fi
	[[ $split == true ]] && return
	case $verb in
	'')
		mapfile -t COMPREPLY < <(compgen -W 'list attachments wait info
			-h -V --help --version' -- "$cur")
		;;
	list | attachments | info)
		mapfile -t COMPREPLY < <(compgen -W "--json" -- "$cur")
		;;
	wait)
		[[ $cur == -* ]] || return
		mapfile -t COMPREPLY < <(compgen -W "--timeout= --user=" -- "$cur")
		[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
		;;
	esac
} && complete -F _xemem xemem
