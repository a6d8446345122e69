# shellcheck shell=sh
# Sourced: asks apt for sources of suites that the machine does not use.
#
# The state is the caller's, in $apt, and gone with it. apt checks the
# signature of the list that names a file, and its sum. The keyring is
# Debian's own.
: "${apt=}"

# The archive that has the machine's own release, as its apt is told.
archive()
{
	codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format '$(RELEASE) $(REPO_URI)' \
		'Created-By: Packages' 2>/dev/null |
		sed -n "s/^$codename //p" | head -n 1
}

# private COMMAND ARGUMENT...: a command of apt's, with that state
private()
{
	command=$1
	shift
	"$command" -q -o Dir::Etc::SourceList="$apt/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State="$apt/state" \
		-o Dir::State::status="$apt/status" \
		-o Dir::Cache="$apt/cache" \
		-o Acquire::Languages=none "$@"
}

# suites_update URI SUITE...: gets their lists of sources
suites_update()
{
	keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	uri=$1
	shift
	mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
	: > "$apt/status"
	signed=
	[ ! -r "$keyring" ] || signed="[signed-by=$keyring] "
	for suite; do
		echo "deb-src $signed$uri $suite main"
	done > "$apt/sources.list"
	private apt-get -o APT::Update::Error-Mode=any update
}

# suites_complain LOG PREFIX: what apt said, and what helps
suites_complain()
{
	grep '^E:' "$1" | sed "s/^/$2: /" >&2
	! grep -q NO_PUBKEY "$1" ||
		echo "$2: a newer debian-archive-keyring has the key" >&2
}
