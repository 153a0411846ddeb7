/* SPDX-License-Identifier: MIT */
/*
 * What several CPUs do to one memory at once: snapshots under writes, unmapping and resizing under faults, ends of
 * processes in the middle of them. With one CPU the same happens at preemption points.
 */
#include "abi/info.h"
#include "guest/cpu.h"
#include "guest/groups.h"
#include "guest/memory.h"

#define FAULTS TS_VMAR_ALLOW_FAULTS

/* Of the running test; threads read them. */
static volatile bool stop;
static ts_handle_t race_vmo;
static volatile uint64_t race_address;

static void begin_race(void) {
    stop = false;
}

static void end_race(ts_handle_t *threads, unsigned count) {
    stop = true;
    for (unsigned i = 0; i < count; i++) {
        guest_join(threads[i]);
    }
}

static void pause_for(ts_time_t time) {
    (void)!ts_thread_sleep(ts_time_after(time));
}

/* --- snapshots under writes --- */

#define WRITERS     3u
#define WRITE_PAGES 5u /* of each writer */
#define WRITE_WORDS 8u
#define SNAPSHOTS   120u

struct writer {
    uint64_t address; /* of its pages, in a mapping of its own */
};

/* One generation after the other, word by word and page by page: at every moment those that come first have the same
 * generation as those that come later, or one more. */
static void write_generations(void *argument) {
    const struct writer *writer = argument;
    for (uint64_t generation = 1; !stop; generation++) {
        for (uint64_t page = 0; page < WRITE_PAGES; page++) {
            volatile uint64_t *words = word_in(writer->address + page * PAGE);
            for (unsigned i = 0; i < WRITE_WORDS; i++) {
                __atomic_store_n(&words[i * 64], generation, __ATOMIC_RELEASE);
            }
        }
    }
}

/* The pages of a writer in a snapshot were there at one moment. */
static bool is_one_moment(ts_handle_t copy, unsigned writer, uint64_t *sum) {
    uint64_t first = word_at(copy, writer * WRITE_PAGES * PAGE);
    uint64_t last = first;
    bool good = true;
    *sum = 0;
    for (uint64_t page = 0; page < WRITE_PAGES; page++) {
        for (unsigned i = 0; i < WRITE_WORDS; i++) {
            uint64_t word = word_at(copy, (writer * WRITE_PAGES + page) * PAGE + i * 512);
            good = good && word <= last && word + 1 >= first;
            last = word;
            *sum += word;
        }
    }
    return good;
}

static void check_snapshot(bool by_slice) {
    uint64_t before[WRITERS], after;
    ts_handle_t from = by_slice ? make_slice(race_vmo, 0, WRITERS * WRITE_PAGES * PAGE) : race_vmo;
    ts_handle_t copy = make_snapshot(from, 0, WRITERS * WRITE_PAGES * PAGE);
    for (unsigned i = 0; i < WRITERS; i++) {
        CHECK(is_one_moment(copy, i, &before[i]));
    }
    pause_for(TS_MILLISECOND / 4);
    for (unsigned i = 0; i < WRITERS; i++) { /* and nothing that was written since comes through */
        CHECK(is_one_moment(copy, i, &after));
        CHECK_EQUAL(before[i], after);
    }
    close_handle(copy);
    if (by_slice) {
        close_handle(from);
    }
}

static void snapshot_under_writes(void) {
    struct writer writers[WRITERS];
    ts_handle_t threads[WRITERS];
    const uint64_t size = WRITERS * WRITE_PAGES * PAGE;
    race_vmo = make_vmo(size);
    begin_race();
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i].address = map_vmo(race_vmo, size) + i * WRITE_PAGES * PAGE;
        threads[i] = guest_thread(write_generations, &writers[i]);
    }
    for (unsigned i = 0; i < SNAPSHOTS && guest_shared()->failures == 0; i++) {
        check_snapshot(i % 4 == 3);
    }
    end_race(threads, WRITERS);
    for (unsigned i = 0; i < WRITERS; i++) {
        unmap(writers[i].address - i * WRITE_PAGES * PAGE, size);
    }
    close_handle(race_vmo);
}

/* The copy is written, too, through a mapping, while the original is: neither sees the other. */
static void write_own_value(void *argument) {
    uint64_t address = (uint64_t)argument;
    uint64_t mine = *word_in(address + PAGE - 8); /* which side this is */
    uint64_t wrong = 0;
    for (uint64_t i = 0; !stop; i++) {
        volatile uint64_t *word = word_in(address + i % 8 * PAGE);
        wrong += *word != mine && *word != 0 ? 1 : 0;
        *word = mine;
    }
    CHECK_EQUAL(0, wrong);
}

static void both_sides_write(void) {
    for (unsigned round = 0; round < 30; round++) {
        ts_handle_t vmo = make_vmo(8 * PAGE);
        ts_handle_t copy;
        uint64_t addresses[2];
        ts_handle_t threads[2];
        set_word(vmo, PAGE - 8, 100);
        copy = make_snapshot(vmo, 0, 8 * PAGE);
        set_word(copy, PAGE - 8, 200);
        begin_race();
        addresses[0] = map_vmo(vmo, 8 * PAGE);
        addresses[1] = map_vmo(copy, 8 * PAGE);
        for (unsigned i = 0; i < 2; i++) {
            threads[i] = guest_thread(write_own_value, (void *)addresses[i]);
        }
        pause_for(2 * TS_MILLISECOND);
        end_race(threads, 2);
        guest_threads_reset();
        unmap(addresses[0], 8 * PAGE);
        unmap(addresses[1], 8 * PAGE);
        close_handle(copy);
        close_handle(vmo);
    }
}

/* --- user copies under unmapping --- */

#define COPY_PAGES 8u

/* To and from addresses that come and go: done, or refused; nothing else happens. */
static void copy_to_what_comes_and_goes(void *argument) {
    ts_handle_t source = (ts_handle_t)argument;
    uint64_t done = 0, refused = 0;
    for (uint64_t i = 0; !stop; i++) {
        uint64_t address = race_address + i % COPY_PAGES * PAGE + 100;
        ts_status_t status = i % 2 == 0 ? ts_vmo_read(source, (void *)address, 0, 2 * PAGE)
                                        : ts_vmo_write(source, (const void *)address, 0, 2 * PAGE);
        if (status != TS_OK) {
            CHECK_STATUS(TS_ERR_INVALID_ARGS, status);
        }
        done += status == TS_OK ? 1 : 0;
        refused += status != TS_OK ? 1 : 0;
    }
    (void)shared_add(0, done);
    (void)shared_add(1, refused);
}

static ts_handle_t make_window(uint64_t pages) {
    ts_handle_t range = TS_HANDLE_INVALID;
    uint64_t base = 0;
    CHECK_OK(ts_vmar_allocate(guest_self.vmar,
                              TS_VMAR_CAN_MAP_READ | TS_VMAR_CAN_MAP_WRITE | TS_VMAR_CAN_MAP_SPECIFIC, 0, pages * PAGE,
                              &range, &base));
    race_address = base;
    return range;
}

static void drop_window(ts_handle_t range) {
    CHECK_OK(ts_vmar_destroy(range));
    close_handle(range);
}

static void copies_under_unmapping(void) {
    ts_handle_t threads[3];
    uint64_t address;
    race_vmo = make_vmo(COPY_PAGES * PAGE);
    ts_handle_t window = make_window(COPY_PAGES + 4);
    ts_handle_t sources[3];
    begin_race();
    for (unsigned i = 0; i < 3; i++) {
        sources[i] = i == 2 ? duplicate_with(race_vmo, TS_RIGHT_SAME_RIGHTS) : make_vmo(2 * PAGE);
        threads[i] = guest_thread(copy_to_what_comes_and_goes, (void *)sources[i]);
    }
    for (unsigned i = 0; i < 400; i++) {
        ts_handle_t copy = i % 3 == 0 ? make_snapshot(race_vmo, 0, COPY_PAGES * PAGE) : TS_HANDLE_INVALID;
        CHECK_OK(ts_vmar_map(window, MAP_WRITE | TS_VMAR_SPECIFIC, 0, copy != 0 ? copy : race_vmo, 0,
                             COPY_PAGES * PAGE, &address));
        pause_for(i % 8 == 0 ? TS_MILLISECOND / 2 : 0);
        if (i % 5 == 0) {
            CHECK_OK(ts_vmar_protect(window, MAP_READ, race_address + PAGE, 3 * PAGE));
            pause_for(i % 10 == 0 ? TS_MILLISECOND / 2 : 0);
        }
        CHECK_OK(ts_vmar_unmap(window, race_address, COPY_PAGES * PAGE));
        if (copy != TS_HANDLE_INVALID) {
            close_handle(copy);
        }
    }
    end_race(threads, 3);
    CHECK(shared_get(0) > 0 && shared_get(1) > 0);
    for (unsigned i = 0; i < 3; i++) {
        close_handle(sources[i]);
    }
    drop_window(window);
    close_handle(race_vmo);
}

/* --- resizing under faults and calls --- */

static void access_what_changes_size(void *argument) {
    uint64_t word;
    (void)argument;
    ts_handle_t scratch = make_vmo(PAGE);
    for (uint64_t i = 0; !stop; i++) {
        uint64_t offset = i % COPY_PAGES * PAGE;
        ts_status_t status = TS_OK;
        switch (i % 4) {
        case 0: /* mapped memory as destination: it is written, or behind the end */
            status = ts_vmo_read(scratch, (void *)(race_address + offset), 0, sizeof(word));
            CHECK(status == TS_OK || status == TS_ERR_INVALID_ARGS);
            break;
        case 1:
            status = ts_vmo_write(scratch, (const void *)(race_address + offset), 8, sizeof(word));
            CHECK(status == TS_OK || status == TS_ERR_INVALID_ARGS);
            break;
        case 2:
            word = 7;
            status = ts_vmo_write(race_vmo, &word, offset, sizeof(word));
            CHECK(status == TS_OK || status == TS_ERR_OUT_OF_RANGE);
            break;
        default:
            word = 9;
            status = ts_vmo_read(race_vmo, &word, offset, sizeof(word));
            CHECK(status == TS_OK ? word == 0 || word == 7 : status == TS_ERR_OUT_OF_RANGE);
            break;
        }
    }
    close_handle(scratch);
}

static void resize_under_faults(void) {
    ts_handle_t threads[3];
    race_vmo = make_vmo_with(TS_VMO_RESIZABLE, COPY_PAGES * PAGE);
    uint64_t address = 0;
    CHECK_OK(ts_vmar_map(guest_self.vmar, MAP_WRITE | FAULTS, 0, race_vmo, 0, COPY_PAGES * PAGE, &address));
    race_address = address;
    begin_race();
    for (unsigned i = 0; i < 3; i++) {
        threads[i] = guest_thread(access_what_changes_size, NULL);
    }
    for (unsigned i = 0; i < 600; i++) {
        CHECK_OK(ts_vmo_set_size(race_vmo, i * 7 % (COPY_PAGES + 1) * PAGE));
        if (i % 16 == 0) {
            pause_for(TS_MILLISECOND / 4);
        }
        if (i % 3 == 0) {
            ts_handle_t copy = make_snapshot(race_vmo, 0, COPY_PAGES * PAGE);
            CHECK_OK(ts_vmo_set_size(race_vmo, COPY_PAGES * PAGE));
            close_handle(copy);
        }
    }
    end_race(threads, 3);
    unmap(address, COPY_PAGES * PAGE);
    close_handle(race_vmo);
}

/* --- closing against everything --- */

static void clone_and_close(void *argument) {
    uint64_t mine = (uint64_t)argument;
    for (uint64_t i = 0; !stop; i++) {
        ts_handle_t copy = make_snapshot(race_vmo, 0, COPY_PAGES * PAGE);
        ts_handle_t second = make_child(copy, i % 2 == 0 ? TS_VMO_CHILD_SNAPSHOT : TS_VMO_CHILD_SLICE, PAGE, 3 * PAGE);
        uint64_t address = map_vmo(second, 3 * PAGE);
        *word_in(address + i % 3 * PAGE) = mine;
        set_word(copy, 5 * PAGE, mine);
        if (i % 2 == 0) {
            close_handle(copy);
            CHECK_EQUAL(mine, word_at(second, i % 3 * PAGE));
            unmap(address, 3 * PAGE);
        } else {
            unmap(address, 3 * PAGE);
            CHECK_EQUAL(mine, word_at(copy, 5 * PAGE));
            close_handle(copy);
        }
        close_handle(second);
    }
}

static void relatives_come_and_go(void) {
    ts_handle_t threads[4];
    race_vmo = make_vmo(COPY_PAGES * PAGE);
    fill_pages(race_vmo, 0, COPY_PAGES, 1);
    begin_race();
    for (unsigned i = 0; i < 4; i++) {
        threads[i] = guest_thread(clone_and_close, (void *)(1000ul + i));
    }
    for (unsigned i = 0; i < 100; i++) {
        check_pages(race_vmo, 0, COPY_PAGES, 1);
        fill_pages(race_vmo, 0, COPY_PAGES, 1);
        pause_for(TS_MILLISECOND / 4);
    }
    end_race(threads, 4);
    wait_alone(race_vmo);
    check_pages(race_vmo, 0, COPY_PAGES, 1);
    close_handle(race_vmo);
}

/* --- many mappings in one space --- */

static void map_and_unmap(void *argument) {
    uint64_t mine = (uint64_t)argument;
    ts_handle_t own = make_vmo(4 * PAGE);
    for (uint64_t i = 0; !stop; i++) {
        uint64_t shared = map_vmo(race_vmo, 4 * PAGE);
        uint64_t private = map_vmo(own, 4 * PAGE);
        *word_in(private + i % 4 * PAGE) = mine;
        *word_in(shared + mine * PAGE) = i;
        CHECK_EQUAL(i, *word_in(shared + mine * PAGE));
        unmap(shared + PAGE, PAGE);
        CHECK_EQUAL(mine, *word_in(private + i % 4 * PAGE));
        unmap(private, 4 * PAGE);
        unmap(shared, 4 * PAGE);
        CHECK_EQUAL(mine, word_at(own, i % 4 * PAGE));
    }
    close_handle(own);
}

static void mapping_storm(void) {
    static const uint64_t places[] = {0, 2, 3};
    ts_handle_t threads[3];
    race_vmo = make_vmo(4 * PAGE);
    begin_race();
    for (unsigned i = 0; i < 3; i++) {
        threads[i] = guest_thread(map_and_unmap, (void *)places[i]);
    }
    pause_for(150 * TS_MILLISECOND);
    end_race(threads, 3);
    CHECK_EQUAL(0, vmo_info(race_vmo).mappings);
    close_handle(race_vmo);
}

/* --- the end of a process in the middle --- */

/* Everything that faults, for ever, with a second thread. */
static void fault_for_ever(void *argument) {
    (void)argument;
    ts_handle_t base = guest_self.extra;
    for (uint64_t i = 0;; i++) {
        ts_handle_t copy = TS_HANDLE_INVALID;
        uint64_t address = 0;
        if (ts_vmo_create_child(base, TS_VMO_CHILD_SNAPSHOT, 0, 64 * PAGE, &copy) != TS_OK ||
            ts_vmar_map(guest_self.vmar, MAP_WRITE, 0, copy, 0, 64 * PAGE, &address) != TS_OK) {
            continue;
        }
        for (uint64_t page = 0; page < 64; page++) {
            *word_in(address + page * PAGE) = page;
        }
        (void)!ts_vmo_read(base, (void *)address, 0, 64 * PAGE);
        if (i % 2 == 0) {
            (void)!ts_vmar_unmap(guest_self.vmar, address, 64 * PAGE);
        }
        (void)!ts_handle_close(copy);
    }
}

static void fault_in_two_threads(uint64_t argument) {
    (void)argument;
    (void)guest_thread(fault_for_ever, NULL);
    fault_for_ever(NULL);
}

static void killed_in_faults(void) {
    ts_handle_t vmo = make_vmo(64 * PAGE);
    fill_pages(vmo, 0, 64, 1);
    for (unsigned i = 0; i < 25; i++) {
        struct guest_child child;
        ts_handle_t extra = duplicate_with(vmo, TS_RIGHT_SAME_RIGHTS);
        if (guest_child_start(&child, guest_self.job, fault_in_two_threads, 0, extra)) {
            pause_for((i % 7) * TS_MILLISECOND);
            CHECK_OK(ts_task_kill(child.process));
            CHECK_EQUAL(TS_EXIT_KILLED, guest_child_end(&child));
        }
    }
    wait_alone(vmo);
    check_pages(vmo, 0, 64, 1);
    close_handle(vmo);
}

/* A page is taken from under a thread that uses it: its process ends by the fault, the other one is well. */
static void touch_for_ever(uint64_t argument) {
    uint64_t address = map_vmo(guest_self.extra, 4 * PAGE);
    shared_set(2, address);
    for (uint64_t i = 0;; i++) {
        *word_in(address + (argument + i) % 4 * PAGE) = i;
    }
}

static void unmapped_in_use(void) {
    for (unsigned i = 0; i < 12; i++) {
        struct guest_child child;
        ts_handle_t vmo = make_vmo(4 * PAGE);
        shared_set(2, 0);
        if (guest_child_start(&child, guest_self.job, touch_for_ever, i, duplicate_with(vmo, TS_RIGHT_SAME_RIGHTS))) {
            while (shared_get(2) == 0) {
                pause_for(TS_MILLISECOND / 4);
            }
            CHECK_OK(ts_vmar_unmap(child.vmar, shared_get(2) + i % 4 * PAGE, PAGE));
            CHECK_EQUAL(TS_EXIT_EXCEPTION, guest_child_end(&child));
        }
        close_handle(vmo);
    }
}

/* --- copies of the kernel into memory that is not there yet --- */

static void copies_into_untouched_memory(void) {
    ts_handle_t source = make_vmo(4 * PAGE);
    ts_handle_t port = make_port();
    ts_handle_t vmo = make_vmo(16 * PAGE);
    uint64_t address = map_vmo(vmo, 16 * PAGE);
    struct ts_packet packet = {.key = 77};
    size_t actual, available;
    fill_pages(source, 0, 4, 1);
    CHECK_OK(ts_vmo_read(source, (void *)(address + 8), 0, 3 * PAGE)); /* four pages */
    CHECK_EQUAL(1, *word_in(address + 8));
    CHECK_EQUAL(3, *word_in(address + 2 * PAGE + 8));
    CHECK_OK(ts_vmo_write(source, (const void *)(address + 5 * PAGE), 0, 2 * PAGE)); /* zeros */
    check_zeros(source, 0, 2);
    struct ts_packet *there = (struct ts_packet *)(address + 8 * PAGE - 16); /* over the edge of two pages */
    CHECK_OK(ts_port_queue(port, &packet));
    CHECK_OK(ts_port_wait(port, there, ts_time_after(GUEST_PATIENCE)));
    CHECK_EQUAL(77, there->key);
    CHECK_OK(ts_object_get_info(vmo, TS_INFO_VMO, (void *)(address + 10 * PAGE - 8), sizeof(struct ts_info_vmo),
                                &actual, &available));
    CHECK_EQUAL(16 * PAGE, *word_in(address + 10 * PAGE - 8));
    CHECK_OK(ts_vmo_read(vmo, (void *)(address + 12 * PAGE), 8, PAGE)); /* into itself */
    CHECK_EQUAL(1, *word_in(address + 12 * PAGE));
    unmap(address, 16 * PAGE);
    close_handle(vmo);
    close_handle(port);
    close_handle(source);
}

static void copies_into_shared_pages(void) {
    ts_handle_t source = make_vmo(PAGE);
    ts_handle_t port = make_port();
    ts_handle_t vmo = make_vmo(4 * PAGE);
    struct ts_packet packet = {.key = 78};
    fill_pages(vmo, 0, 4, 1);
    set_word(source, 0, 99);
    ts_handle_t copy = make_snapshot(vmo, 0, 4 * PAGE);
    uint64_t address = map_vmo(copy, 4 * PAGE);
    for (unsigned i = 0; i < 4; i++) { /* mapped without WRITE now */
        CHECK_EQUAL(i + 1, *word_in(address + i * PAGE));
    }
    CHECK_OK(ts_vmo_read(source, (void *)address, 0, 8));
    CHECK_OK(ts_port_queue(port, &packet));
    CHECK_OK(ts_port_wait(port, (void *)(address + 2 * PAGE - 8), ts_time_after(GUEST_PATIENCE)));
    CHECK_OK(ts_vmo_read(vmo, (void *)(address + 3 * PAGE), 0, 8)); /* from its relative */
    CHECK_EQUAL(99, word_at(copy, 0));
    CHECK_EQUAL(78, word_at(copy, 2 * PAGE - 8));
    CHECK_EQUAL(1, word_at(copy, 3 * PAGE));
    check_pages(vmo, 0, 4, 1);
    unmap(address, 4 * PAGE);
    close_handle(copy);
    close_handle(vmo);
    close_handle(port);
    close_handle(source);
}

static void queue_packets(void *argument) {
    struct ts_packet packet = {.key = 5};
    while (!stop) {
        if (ts_port_queue((ts_handle_t)argument, &packet) == TS_ERR_SHOULD_WAIT) {
            pause_for(TS_MILLISECOND / 4);
        }
    }
}

/* port_wait and get_info into memory that comes and goes. */
static void receive_into_what_comes_and_goes(void *argument) {
    ts_handle_t port = (ts_handle_t)argument;
    size_t actual, available;
    for (uint64_t i = 0; !stop; i++) {
        void *there = (void *)(race_address + i % 4 * PAGE + PAGE - 16);
        ts_status_t status =
            i % 2 == 0 ? ts_port_wait(port, there, ts_time_after(TS_MILLISECOND))
                       : ts_object_get_info(race_vmo, TS_INFO_VMO, there, sizeof(struct ts_info_vmo), &actual, &available);
        CHECK(status == TS_OK || status == TS_ERR_INVALID_ARGS || status == TS_ERR_TIMED_OUT);
    }
}

static void receives_under_unmapping(void) {
    ts_handle_t threads[3];
    ts_handle_t port = make_port();
    uint64_t address;
    race_vmo = make_vmo(COPY_PAGES * PAGE);
    ts_handle_t window = make_window(COPY_PAGES);
    begin_race();
    threads[0] = guest_thread(queue_packets, (void *)port);
    threads[1] = guest_thread(receive_into_what_comes_and_goes, (void *)port);
    threads[2] = guest_thread(receive_into_what_comes_and_goes, (void *)port);
    for (unsigned i = 0; i < 300; i++) {
        CHECK_OK(ts_vmar_map(window, MAP_WRITE | TS_VMAR_SPECIFIC, 0, race_vmo, 0, COPY_PAGES * PAGE, &address));
        pause_for(i % 8 == 0 ? TS_MILLISECOND / 4 : 0);
        CHECK_OK(ts_vmo_op_range(race_vmo, TS_VMO_OP_DECOMMIT, 0, COPY_PAGES * PAGE));
        pause_for(i % 8 == 1 ? TS_MILLISECOND / 4 : 0);
        CHECK_OK(ts_vmar_unmap(window, race_address, COPY_PAGES * PAGE));
    }
    end_race(threads, 3);
    drop_window(window);
    close_handle(race_vmo);
    close_handle(port);
}

static const struct guest_test tests[] = {
    {"V10 V24 snapshots under writes are of one moment", snapshot_under_writes},
    {"V24 both sides of a copy are written at once", both_sides_write},
    {"M10 copies by calls while memory is unmapped and protected", copies_under_unmapping},
    {"M9 V4 V5 resizing under faults and calls", resize_under_faults},
    {"V19 V18 relatives come and go in several threads", relatives_come_and_go},
    {"M10 threads map and unmap in one space", mapping_storm},
    {"V18 processes are killed in page faults", killed_in_faults},
    {"M9 M10 memory is unmapped that a thread of another process uses", unmapped_in_use},
    {"copies of the kernel into untouched memory", copies_into_untouched_memory},
    {"V24 copies of the kernel into pages that relatives share", copies_into_shared_pages},
    {"port_wait and get_info while memory is unmapped and decommitted", receives_under_unmapping},
};

GUEST_GROUP(race_tests, tests);
