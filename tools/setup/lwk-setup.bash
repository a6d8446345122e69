# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Completion of lwk-setup(8), for bash-completion 2.8 or later.
# Runs no command of its own.

_lwk_setup()
{
	# shellcheck disable=SC2034 # _init_completion sets all of them
	local cur prev words cword split

	_init_completion -s || return
	case $prev in
	--topology | --config)
		_filedir
		return
		;;
	--root)
		_filedir -d
		return
		;;
	--linux-cores)
		mapfile -t COMPREPLY < <(compgen -W "{1..8}" -- "$cur")
		return
		;;
	--memory)
		mapfile -t COMPREPLY < <(compgen -W "0 25% 50% 80%" -- "$cur")
		return
		;;
	--cores)
		return
		;;
	esac
	[[ $split == true ]] && return
	mapfile -t COMPREPLY < <(compgen -W '-h -V --dry-run --write --check
		--command-line --apply --cores= --linux-cores= --memory=
		--topology= --config= --root= --force --json --help
		--version' -- "$cur")
	[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
} && complete -F _lwk_setup lwk-setup
