# SPDX-License-Identifier: BSD-2-Clause
class Weir < Formula
  desc "Bounded buffer for pipelines that accounts for every record"
  # There is no public home yet: these three are to be filled in, the sum from SHA256SUMS.
  homepage "https://weir.example/"
  url "https://weir.example/weir-1.0.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "BSD-2-Clause"

  depends_on "pkgconf" => :build
  depends_on "xxhash" => :build
  depends_on "jansson"
  depends_on "libmicrohttpd"
  depends_on "pcre2"

  uses_from_macos "ncurses"

  on_linux do
    depends_on "libbsd"
  end

  def install
    system "./configure", "--with-pcre2", "--with-jansson", "--with-microhttpd", *std_configure_args
    system "make", "install"
  end

  test do
    assert_match "weir #{version}", shell_output("#{bin}/weir --version")
    assert_equal "1\n7\n", pipe_output("#{bin}/weir -q --sample=10 --keep='^7$'", (1..9).to_a.join("\n") + "\n")
    assert_match "\"records\":9", pipe_output("#{bin}/weir --format=json 2>&1 >/dev/null", "a\n" * 9)
    assert_match "weirctl #{version}", shell_output("#{bin}/weirctl --version")
  end
end
