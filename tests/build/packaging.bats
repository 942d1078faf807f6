#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# What would drift apart unseen: the version in each recipe, what is in the packages and what they ask for, the sources' date, the
# archive, what a release is made of, and whose everything is.

load ../cli/common

version()
{
	sed -n 's/^AC_INIT(\[weir\], \[\(.*\)\])/\1/p' "$top_srcdir/configure.ac"
}

@test "every recipe has the version of configure.ac" {
	local version file
	version=$(version)
	[[ $version == [0-9]*.[0-9]*.[0-9]* ]]
	cd "$top_srcdir/packaging"
	is "$(sed -n '1s/^weir (\(.*\)-[0-9]*) .*/\1/p' debian/changelog)" "$version"
	is "$(sed -n 's/^Version: *//p' rpm/weir.spec)" "$version"
	is "$(sed -n 's/^\* .* - \(.*\)-[0-9]*$/\1/p' rpm/weir.spec | head -n 1)" "$version"
	is "$(sed -n 's/^pkgver=//p' alpine/APKBUILD arch/PKGBUILD | sort -u)" "$version"
	is "$(sed -n 's,^ *url .*/weir-\(.*\)\.tar\.gz"$,\1,p' homebrew/weir.rb)" "$version"
	is "$(sed -n 's/^ *version = "\(.*\)";/\1/p' nix/flake.nix)" "$version"
	# The newest release that the changes tell of is this one.
	is "$(sed -n 's/^## \([0-9.]*\).*/\1/p' "$top_srcdir/CHANGELOG.md" | head -n 1)" "$version"
}

# listed: what is installed and is no page of docs/, below the prefix.
listed()
{
	grep -v '^share/doc/' "$top_srcdir/tests/build/installed"
}

@test "what is installed is in some package, of Debian and of RPM" {
	local path
	cd "$top_srcdir/packaging"
	while read -r path; do
		grep -qE "^usr/$path( |\$)" debian/weir.install debian/weirctl.install || fail "debian: no package has $path"
		grep -qxF -e "%{_bindir}/${path#bin/}" -e "%{_mandir}/${path#share/man/}*" -e "%{_datadir}/${path#share/}" rpm/weir.spec ||
			fail "rpm: no package has $path"
	done < <(listed)
	is "$(cat debian/weir.install debian/weirctl.install | wc -l)" "$(listed | wc -l)"
}

@test "libraries that configure looks for are those that recipes ask for, and the SPDX lists" {
	local names name
	names=$(grep -oE 'PKG_CHECK_MODULES\(\[[A-Z0-9]*\], \[[a-z0-9-]*|WEIR_CTL_LIBRARY\(\[[a-z]*\], \[[A-Z]*\], \[[a-z]*' "$top_srcdir/configure.ac" |
		sed 's/.*\[//' | sort -u | paste -sd ' ')
	is "$names" "jansson libbsd-overlay libmicrohttpd libpcre2-8 libxxhash ncursesw"
	cd "$top_srcdir/packaging"
	for name in $names; do
		grep -q "pkgconfig($name)" rpm/weir.spec || fail "rpm: $name"
	done
	for name in jansson bsd microhttpd ncurses pcre2 xxhash; do
		for file in debian/control alpine/APKBUILD arch/PKGBUILD homebrew/weir.rb nix/flake.nix sbom "$top_srcdir/PACKAGERS.md"; do
			grep -qi "$name" "$file" || fail "$file does not have $name"
		done
	done
}

@test "an archive is the same bytes, whoever makes it of whatever is the same" {
	local one two
	mkdir -p a/build-aux a/sub
	echo 1000000000 >a/build-aux/source-date
	printf 'x\n' >a/sub/file
	printf '#!/bin/sh\n' >a/run
	chmod 700 a/run
	chmod 600 a/sub/file
	one=$(TZ=Asia/Tokyo sh "$top_srcdir/packaging/pack" a | cksum)
	mkdir elsewhere
	cp -R a elsewhere/
	cd elsewhere
	touch -d '2001-01-01' a/sub/file a
	chmod 664 a/sub/file
	chmod 775 a/run a/sub a
	two=$(sh "$top_srcdir/packaging/pack" a | cksum)
	is "$two" "$one"
	is "$(sh "$top_srcdir/packaging/pack" a | tar tvf - | awk '{ print $1, $2, $NF }')" \
		$'drwxr-xr-x 0/0 a/\ndrwxr-xr-x 0/0 a/build-aux/\n-rw-r--r-- 0/0 a/build-aux/source-date\n-rwxr-xr-x 0/0 a/run\ndrwxr-xr-x 0/0 a/sub/\n-rw-r--r-- 0/0 a/sub/file'
}

@test "the sources' date is what is asked for, else the one that a release has" {
	mkdir -p tree/build-aux
	echo 5 >tree/build-aux/source-date
	is "$(env -u SOURCE_DATE_EPOCH sh "$top_srcdir/packaging/source-date" tree)" 5
	is "$(SOURCE_DATE_EPOCH=7 sh "$top_srcdir/packaging/source-date" tree)" 7
}

@test "the SPDX is JSON, names the tarball by its sum, and leads nowhere that is not in it" {
	echo tar >weir-1.2.3.tar.gz
	sh "$top_srcdir/packaging/sbom" 1.2.3 1000000000 weir-1.2.3.tar.gz >sbom.json
	is "$(jq -r '.spdxVersion, .creationInfo.created, .packages[0].checksums[0].checksumValue' sbom.json)" \
		"SPDX-2.3"$'\n'"2001-09-09T01:46:40Z"$'\n'"$(sha256sum weir-1.2.3.tar.gz | cut -d ' ' -f 1)"
	is "$(jq '([.packages[].SPDXID] + [.SPDXID]) as $ids | [.relationships[] | .spdxElementId, .relatedSpdxElement] - $ids' -c sbom.json)" "[]"
}

@test "nothing in the tree says that it is under another license" {
	local said
	# As reuse lint sees it, which make check-dist asks where it is installed.
	cmp "$top_srcdir/LICENSE" "$top_srcdir/LICENSES/BSD-2-Clause.txt"
	said=$(cd "$top_srcdir" && grep -rhoE 'SPDX-License-Identifier: [A-Za-z0-9.+-]+' src tests man completions plot bench packaging \
		Makefile.am configure.ac bootstrap | sort -u)
	is "$said" "SPDX-License-Identifier: BSD-2-Clause"
	grep -qx 'License: BSD-2-Clause' "$top_srcdir/.reuse/dep5"
}
