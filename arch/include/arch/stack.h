/* SPDX-License-Identifier: MIT */
/*
 * Kernel stacks, for C and assembly: each is the upper half of a slot of twice its size, whose lower half is never
 * mapped. So an overflow shows in one bit of the stack pointer. `make KERNEL_STACK_KIB=` chooses the size.
 */
#pragma once

#define ARCH_STACK_BITS CONFIG_STACK_BITS /* this bit of an address is clear in the lower half of a slot */
#define ARCH_STACK_SIZE (1 << ARCH_STACK_BITS)
