/* SPDX-License-Identifier: MIT */
/* Virtual memory objects: pages that can be read, written and mapped. */
#pragma once

#include "arch/usercopy.h"
#include "kernel/frames.h"
#include "kernel/object.h"
#include "kernel/pagetable.h"

/* A radix tree of 512-way nodes; a leaf word is the address of a struct frame, 0: absent. */
struct page_tree {
    uint64_t root;   /* height 0: the leaf word itself; else address of a node */
    unsigned height;
};

struct vmo {
    struct object object;
    struct page_tree pages;     /* fixed after creation: read without lock */
    uint64_t size;              /* bytes, a multiple of the page size; fixed */
    uint64_t freed;             /* pages that are freed already, while the VMO is being freed */
    uint64_t physical_base;     /* device registers: where they are */
    bool is_physical;
    bool is_borrowed;           /* frames are the kernel's (boot archive, time page): not freed */
    uint32_t memory_type;       /* PT_TYPE_ */
    uint32_t mapping_count;     /* atomic */
    char name[TS_NAME_LENGTH];
};

#define VMO_SIZE_MAX ((uint64_t)1 << 40)

/* Zero-filled memory, all of it allocated now. Has preemption points: the caller holds references to what it needs.
 * size is rounded up. OUT_OF_RANGE, NO_MEMORY. */
ts_status_t vmo_create(struct account *account, uint64_t size, struct vmo **vmo);

/* Device registers [base, base+size), page aligned. */
ts_status_t vmo_create_physical(struct account *account, uint64_t base, uint64_t size, struct vmo **vmo);

/* Read-only view of memory that the kernel keeps: the boot archive. */
ts_status_t vmo_create_borrowed(uint64_t base, uint64_t size, struct vmo **vmo);

/* Kernel alias of a page of a VMO with memory; null beyond its end. */
void *vmo_page(const struct vmo *vmo, uint64_t page_index);

/* Physical address of a page; the page exists. */
uint64_t vmo_page_phys(const struct vmo *vmo, uint64_t page_index);

/* OUT_OF_RANGE (nothing copied), INVALID_ARGS (bad user address), NOT_SUPPORTED (device registers). Have preemption
 * points; the caller holds a reference. */
ts_status_t vmo_read_user(struct vmo *vmo, uaddr_t buffer, uint64_t offset, uint64_t length);
ts_status_t vmo_write_user(struct vmo *vmo, uaddr_t buffer, uint64_t offset, uint64_t length);
/* To and from kernel memory; short. */
ts_status_t vmo_write_kernel(struct vmo *vmo, const void *data, uint64_t offset, uint64_t length);
