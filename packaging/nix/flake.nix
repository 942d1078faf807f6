# SPDX-License-Identifier: BSD-2-Clause
#
# Of a checkout: nix build "git+file://$PWD?dir=packaging/nix"; nix run ... -- -p drop-oldest.
{
  description = "Bounded buffer for pipelines that accounts for every record";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
      forAll = nixpkgs.lib.genAttrs systems;
    in {
      packages = forAll (system:
        let
          pkgs = nixpkgs.legacyPackages.${system};
          inherit (pkgs) lib stdenv;
        in {
          default = stdenv.mkDerivation {
            pname = "weir";
            version = "1.0.0";
            src = ../..;

            nativeBuildInputs = with pkgs; [ autoreconfHook autoconf-archive pkg-config ];
            buildInputs = with pkgs; [ jansson libmicrohttpd ncurses pcre2 xxHash ]
              ++ lib.optional stdenv.hostPlatform.isLinux libbsd;

            configureFlags = [ "--with-pcre2" "--with-jansson" "--with-ncurses" "--with-microhttpd" ];
            enableParallelBuilding = true;

            # Of the tests those that want nothing but the compiler.
            doCheck = stdenv.buildPlatform.canExecute stdenv.hostPlatform;
            checkFlags = [ "TESTS=$(UNIT_TESTS)" ];

            meta = {
              description = "Bounded buffer for pipelines that accounts for every record";
              license = lib.licenses.bsd2;
              mainProgram = "weir";
              platforms = lib.platforms.unix;
            };
          };
        });

      apps = forAll (system: {
        default = {
          type = "app";
          program = "${self.packages.${system}.default}/bin/weir";
        };
      });
    };
}
