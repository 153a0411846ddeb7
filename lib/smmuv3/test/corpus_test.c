/* SPDX-License-Identifier: MIT */
/* Replays the fuzzer's corpus, and random inputs with fixed seeds. The sanitizers are the judges. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "smmuv3/test/fuzz.h"
#include "smmuv3/test/suite.h"

#define CORPUS  "lib/smmuv3/test/corpus" /* from the root of the tree, where tests are run */
#define SIZE    4096u
#define RANDOMS 400u

static void test_corpus(void **state) {
    (void)state;
    static uint8_t data[SIZE];
    unsigned replayed = 0;
    DIR *folder = opendir(CORPUS);
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char path[512];
        snprintf(path, sizeof(path), CORPUS "/%s", entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "rb");
        if (file != NULL) {
            fuzz_run(data, fread(data, 1, sizeof(data), file));
            fclose(file);
            replayed++;
        }
    }
    closedir(folder);
    assert_true(replayed > 0);
}

static void test_random(void **state) {
    (void)state;
    static uint8_t data[512];
    uint64_t random = 0x5eed;
    for (unsigned i = 0; i < RANDOMS; i++) {
        for (unsigned byte = 0; byte < sizeof(data); byte++) {
            random = random * 6364136223846793005ul + 1442695040888963407ul;
            data[byte] = (uint8_t)(random >> 56);
        }
        fuzz_run(data, sizeof(data));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corpus),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests_name("corpus", tests, NULL, NULL);
}
