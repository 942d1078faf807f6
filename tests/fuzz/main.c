/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The main of a harness where libFuzzer does not bring one: it stands in an archive, so that theirs wins.
 *
 *      fuzz_NAME FILE...       each file in turn
 *      fuzz_NAME               standard input; built by afl-clang-fast, as often as AFL++ wants
 */
#include "config.h"

#include "fuzz.h"

#include <unistd.h>

#define INPUT_MOST ((size_t)1 << 20)

#ifdef __AFL_FUZZ_TESTCASE_LEN

__AFL_FUZZ_INIT();

static void
from_standard_input(void)
{
	__AFL_INIT();
	const uint8_t *data = __AFL_FUZZ_TESTCASE_BUF;
	while (__AFL_LOOP(100000)) {
		int length = __AFL_FUZZ_TESTCASE_LEN;
		(void)LLVMFuzzerTestOneInput(data, (size_t)length);
	}
}

#else

static void run_stream(FILE *stream);

static void
from_standard_input(void)
{
	run_stream(stdin);
}

#endif

/* From memory of just that size, so that a sanitizer sees a look beyond its end. */
static void
run_stream(FILE *stream)
{
	static uint8_t most[INPUT_MOST];
	size_t length = fread(most, 1, sizeof(most), stream);
	uint8_t *data = malloc(length > 0 ? length : 1);

	if (data == NULL)
		abort();
	for (size_t i = 0; i < length; i++)
		data[i] = most[i];
	(void)LLVMFuzzerTestOneInput(data, length);
	free(data);
}

int
main(int argc, char *argv[])
{
	if (argc == 1)
		from_standard_input();
	for (int i = 1; i < argc; i++) {
		FILE *stream = fopen(argv[i], "rb");

		if (stream == NULL) {
			perror(argv[i]);
			return EXIT_FAILURE;
		}
		run_stream(stream);
		(void)fclose(stream);
	}
	return EXIT_SUCCESS;
}
