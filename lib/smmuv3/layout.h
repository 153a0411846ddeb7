/* SPDX-License-Identifier: MIT */
/*
 * Numbers of the SMMUv3 programming interface (Arm IHI 0070 G.b): register offsets, bits, fields of structures in
 * memory, opcodes of commands, types of events. For the library, its tests, and drivers.
 *
 * A field of a structure is written `low bit, width`, bits counted through the whole structure; smmu_field() reads it
 * and smmu_field_set() writes it. No field crosses a 64-bit word.
 */
#pragma once

#include "abi/types.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "structures in memory are little-endian");

/* --- Registers (6.2). Secure ones lie at SMMU_SECURE + the same offset; page 1 is an alias of page 0. */

#define SMMU_REGISTERS_SIZE 0x20000u
#define SMMU_SECURE         0x8000u
#define SMMU_PAGE1          0x10000u

#define SMMU_IDR0                0x00u
#define SMMU_IDR1                0x04u
#define SMMU_IDR2                0x08u
#define SMMU_IDR3                0x0cu
#define SMMU_IDR4                0x10u
#define SMMU_IDR5                0x14u
#define SMMU_IIDR                0x18u
#define SMMU_AIDR                0x1cu
#define SMMU_CR0                 0x20u
#define SMMU_CR0ACK              0x24u
#define SMMU_CR1                 0x28u
#define SMMU_CR2                 0x2cu
#define SMMU_S_INIT              0x803cu
#define SMMU_STATUSR             0x40u
#define SMMU_GBPA                0x44u
#define SMMU_AGBPA               0x48u
#define SMMU_IRQ_CTRL            0x50u
#define SMMU_IRQ_CTRLACK         0x54u
#define SMMU_GERROR              0x60u
#define SMMU_GERRORN             0x64u
#define SMMU_GERROR_IRQ_CFG0     0x68u
#define SMMU_GERROR_IRQ_CFG1     0x70u
#define SMMU_GERROR_IRQ_CFG2     0x74u
#define SMMU_STRTAB_BASE         0x80u
#define SMMU_STRTAB_BASE_CFG     0x88u
#define SMMU_CMDQ_BASE           0x90u
#define SMMU_CMDQ_PROD           0x98u
#define SMMU_CMDQ_CONS           0x9cu
#define SMMU_EVENTQ_BASE         0xa0u
#define SMMU_EVENTQ_PROD         (SMMU_PAGE1 + 0xa8u)
#define SMMU_EVENTQ_CONS         (SMMU_PAGE1 + 0xacu)
#define SMMU_EVENTQ_IRQ_CFG0     0xb0u
#define SMMU_EVENTQ_IRQ_CFG1     0xb8u
#define SMMU_EVENTQ_IRQ_CFG2     0xbcu
#define SMMU_PRIQ_BASE           0xc0u
#define SMMU_PRIQ_PROD           (SMMU_PAGE1 + 0xc8u)
#define SMMU_PRIQ_CONS           (SMMU_PAGE1 + 0xccu)
#define SMMU_PRIQ_IRQ_CFG0       0xd0u
#define SMMU_PRIQ_IRQ_CFG1       0xd8u
#define SMMU_PRIQ_IRQ_CFG2       0xdcu
#define SMMU_S_EVENTQ_PROD       0x80a8u
#define SMMU_S_EVENTQ_CONS       0x80acu

/* CR0 and CR0ACK (6.3.9). */
#define SMMU_CR0_SMMUEN   (1u << 0)
#define SMMU_CR0_PRIQEN   (1u << 1)
#define SMMU_CR0_EVENTQEN (1u << 2)
#define SMMU_CR0_CMDQEN   (1u << 3)
#define SMMU_CR0_ATSCHK   (1u << 4)
#define SMMU_CR0_VMW      (7u << 6)
#define SMMU_CR0_QUEUES   (SMMU_CR0_PRIQEN | SMMU_CR0_EVENTQEN | SMMU_CR0_CMDQEN)

#define SMMU_CR1_QUEUE  0x03fu
#define SMMU_CR1_TABLE  0xfc0u

#define SMMU_CR2_E2H         (1u << 0)
#define SMMU_CR2_RECINVSID   (1u << 1)
#define SMMU_CR2_REC_CFG_ATS (1u << 3)

#define SMMU_GBPA_SHCFG_INCOMING (1u << 12)
#define SMMU_GBPA_NSCFG          (3u << 14) /* Secure only */
#define SMMU_GBPA_ABORT          (1u << 20)
#define SMMU_GBPA_UPDATE         (1u << 31)

#define SMMU_IRQ_GERROR (1u << 0)
#define SMMU_IRQ_PRIQ   (1u << 1)
#define SMMU_IRQ_EVENTQ (1u << 2)

/* GERROR and GERRORN (6.3.19). */
#define SMMU_GERROR_CMDQ       (1u << 0)
#define SMMU_GERROR_EVENTQ_ABT (1u << 2)
#define SMMU_GERROR_PRIQ_ABT   (1u << 3)
#define SMMU_GERROR_MSI_CMDQ   (1u << 4)
#define SMMU_GERROR_MSI_EVENTQ (1u << 5)
#define SMMU_GERROR_MSI_PRIQ   (1u << 6)
#define SMMU_GERROR_MSI_GERROR (1u << 7)

#define SMMU_PRIQ_IRQ_LO      (1u << 31) /* of PRIQ_IRQ_CFG2: interrupt on the last request of a group */
#define SMMU_QUEUE_OVERFLOW   (1u << 31) /* OVFLG of PROD, OVACKFLG of CONS */
#define SMMU_CMDQ_ERROR_SHIFT 24

/* CMDQ_CONS.ERR (7.1). */
enum smmu_command_error {
    SMMU_CERROR_NONE,
    SMMU_CERROR_ILL,
    SMMU_CERROR_ABT,
    SMMU_CERROR_ATC_INV_SYNC,
};

/* --- Stream table (5.1, 5.2) */

#define SMMU_STE_BYTES   64u
#define SMMU_STE_WORDS   8u
#define L1STD_SPAN       0, 5
#define L1STD_POINTER    0x00ffffffffffffc0ul

#define STE_V            0, 1
#define STE_CONFIG       1, 3
#define STE_S1FMT        4, 2
#define STE_S1CONTEXT    0x00ffffffffffffc0ul /* of word 0 */
#define STE_S1CDMAX      59, 5
#define STE_S1DSS        64, 2
#define STE_CONT         77, 4
#define STE_PPAR         82, 1
#define STE_MEV          83, 1
#define STE_S2FWB        89, 1
#define STE_S1STALLD     91, 1
#define STE_EATS         92, 2
#define STE_STRW         94, 2
#define STE_MEMATTR      96, 4
#define STE_MTCFG        100, 1
#define STE_ALLOCCFG     101, 4
#define STE_SHCFG        108, 2
#define STE_NSCFG        110, 2
#define STE_PRIVCFG      112, 2
#define STE_INSTCFG      114, 2
#define STE_S2VMID       128, 16
#define STE_S2T0SZ       160, 6
#define STE_S2SL0        166, 2
#define STE_S2TG         174, 2
#define STE_S2PS         176, 3
#define STE_S2AA64       179, 1
#define STE_S2ENDI       180, 1
#define STE_S2AFFD       181, 1
#define STE_S2PTW        182, 1
#define STE_S2HD         183, 1
#define STE_S2HA         184, 1
#define STE_S2S          185, 1
#define STE_S2R          186, 1
#define STE_S2TTB        0x000ffffffffffff0ul /* of word 3 */

enum smmu_ste_config {
    STE_CONFIG_ABORT = 0,
    STE_CONFIG_BYPASS = 4,
    STE_CONFIG_S1 = 5,
    STE_CONFIG_S2 = 6,
    STE_CONFIG_NESTED = 7,
};

/* --- Context descriptors (5.3, 5.4) */

#define SMMU_CD_BYTES  64u
#define SMMU_CD_WORDS  8u
#define L1CD_V         0, 1
#define L1CD_POINTER   0x00fffffffffff000ul

#define CD_T0SZ        0, 6
#define CD_TG0         6, 2
#define CD_EPD0        14, 1
#define CD_ENDI        15, 1
#define CD_T1SZ        16, 6
#define CD_TG1         22, 2
#define CD_EPD1        30, 1
#define CD_V           31, 1
#define CD_IPS         32, 3
#define CD_AFFD        35, 1
#define CD_WXN         36, 1
#define CD_UWXN        37, 1
#define CD_TBI0        38, 1
#define CD_TBI1        39, 1
#define CD_PAN         40, 1
#define CD_AA64        41, 1
#define CD_HD          42, 1
#define CD_HA          43, 1
#define CD_S           44, 1
#define CD_R           45, 1
#define CD_A           46, 1
#define CD_ASET        47, 1
#define CD_ASID        48, 16
#define CD_NSCFG0      64, 1
#define CD_HAD0        65, 1
#define CD_E0PD0       66, 1
#define CD_NSCFG1      128, 1
#define CD_HAD1        129, 1
#define CD_E0PD1       130, 1
#define CD_MAIR        192, 64
#define CD_TTB         0x000ffffffffffff0ul /* of words 1 and 2 */

/* --- Descriptors of translation tables (VMSAv8-64) */

#define TTD_VALID         (1ul << 0)
#define TTD_TABLE         (1ul << 1) /* or page, at level 3 */
#define TTD_ATTR          2, 3
#define TTD_NS            (1ul << 5)
#define TTD_AP_USER       (1ul << 6)
#define TTD_AP_READ_ONLY  (1ul << 7)
#define TTD_SH            8, 2
#define TTD_AF            (1ul << 10)
#define TTD_NOT_GLOBAL    (1ul << 11)
#define TTD_NO_TRANSITION (1ul << 16) /* nT of blocks: being changed in size, not to be cached */
#define TTD_DBM           (1ul << 51)
#define TTD_CONTIGUOUS    (1ul << 52)
#define TTD_PXN           (1ul << 53)
#define TTD_UXN           (1ul << 54)
#define TTD_PXN_TABLE     (1ul << 59)
#define TTD_UXN_TABLE     (1ul << 60)
#define TTD_AP_TABLE_USER (1ul << 61) /* no unprivileged access below */
#define TTD_AP_TABLE_READ (1ul << 62) /* no writes below */
#define TTD_NS_TABLE      (1ul << 63)
#define TTD_S2_ATTR       2, 4
#define TTD_S2_READ       (1ul << 6)
#define TTD_S2_WRITE      (1ul << 7)
#define TTD_S2_XN         53, 2

/* --- Commands (4.1.1) */

#define SMMU_COMMAND_BYTES 16u

enum smmu_opcode {
    CMD_PREFETCH_CONFIG = 0x01,
    CMD_PREFETCH_ADDR = 0x02,
    CMD_CFGI_STE = 0x03,
    CMD_CFGI_STE_RANGE = 0x04,
    CMD_CFGI_CD = 0x05,
    CMD_CFGI_CD_ALL = 0x06,
    CMD_CFGI_VMS_PIDM = 0x07,
    CMD_TLBI_NH_ALL = 0x10,
    CMD_TLBI_NH_ASID = 0x11,
    CMD_TLBI_NH_VA = 0x12,
    CMD_TLBI_NH_VAA = 0x13,
    CMD_TLBI_EL3_ALL = 0x18,
    CMD_TLBI_EL3_VA = 0x1a,
    CMD_TLBI_EL2_ALL = 0x20,
    CMD_TLBI_EL2_ASID = 0x21,
    CMD_TLBI_EL2_VA = 0x22,
    CMD_TLBI_EL2_VAA = 0x23,
    CMD_TLBI_S12_VMALL = 0x28,
    CMD_TLBI_S2_IPA = 0x2a,
    CMD_TLBI_NSNH_ALL = 0x30,
    CMD_ATC_INV = 0x40,
    CMD_PRI_RESP = 0x41,
    CMD_RESUME = 0x44,
    CMD_STALL_TERM = 0x45,
    CMD_SYNC = 0x46,
    CMD_TLBI_S_EL2_ALL = 0x50,
    CMD_TLBI_S_EL2_ASID = 0x51,
    CMD_TLBI_S_EL2_VA = 0x52,
    CMD_TLBI_S_EL2_VAA = 0x53,
    CMD_TLBI_S_S12_VMALL = 0x58,
    CMD_TLBI_S_S2_IPA = 0x5a,
    CMD_TLBI_SNH_ALL = 0x60,
};

#define CMD_OPCODE        0, 8
#define CMD_SSEC          10, 1
#define CMD_SSV           11, 1
#define CMD_SSID          12, 20
#define CMD_SID           32, 32
#define CMD_LEAF          64, 1
#define CMD_RANGE         64, 5
#define CMD_NUM           12, 5
#define CMD_SCALE         20, 6
#define CMD_VMID          32, 16
#define CMD_ASID          48, 16
#define CMD_TTL           72, 2
#define CMD_TG            74, 2
#define CMD_ADDRESS       0xfffffffffffff000ul /* of word 1 */
#define CMD_IPA           0x00fffffffffff000ul /* of word 1 */
#define CMD_PREFETCH_SIZE   64, 5
#define CMD_PREFETCH_STRIDE 69, 5
#define CMD_ATC_GLOBAL    9, 1
#define CMD_ATC_SIZE      64, 6
#define CMD_PRI_GROUP     64, 9
#define CMD_PRI_RESPONSE  76, 2
#define CMD_RESUME_RETRY  12, 1
#define CMD_RESUME_ABORT  13, 1
#define CMD_RESUME_STAG   64, 16
#define CMD_SYNC_CS       12, 2
#define CMD_SYNC_MSIDATA  32, 32
#define CMD_SYNC_MSIADDR  0x00fffffffffffffcul /* of word 1 */

/* --- Event records (7.3) */

#define SMMU_EVENT_BYTES 32u
#define SMMU_EVENT_WORDS 4u

enum smmu_event {
    F_UUT = 0x01,
    C_BAD_STREAMID = 0x02,
    F_STE_FETCH = 0x03,
    C_BAD_STE = 0x04,
    F_BAD_ATS_TREQ = 0x05,
    F_STREAM_DISABLED = 0x06,
    F_TRANSL_FORBIDDEN = 0x07,
    C_BAD_SUBSTREAMID = 0x08,
    F_CD_FETCH = 0x09,
    C_BAD_CD = 0x0a,
    F_WALK_EABT = 0x0b,
    F_TRANSLATION = 0x10,
    F_ADDR_SIZE = 0x11,
    F_ACCESS = 0x12,
    F_PERMISSION = 0x13,
    E_PAGE_REQUEST = 0x24,
};

enum smmu_event_class {
    SMMU_CLASS_CD,
    SMMU_CLASS_TT,
    SMMU_CLASS_IN,
};

#define EVENT_TYPE     0, 8
#define EVENT_SSV      11, 1
#define EVENT_SSID     12, 20
#define EVENT_SID      32, 32
#define EVENT_STAG     64, 16
#define EVENT_STALL    95, 1
#define EVENT_PNU      97, 1
#define EVENT_IND      98, 1
#define EVENT_RNW      99, 1
#define EVENT_NSIPA    100, 1
#define EVENT_S2       103, 1
#define EVENT_CLASS    104, 2
#define EVENT_TTRNW    108, 1
#define EVENT_ADDRESS  128, 64
#define EVENT_FETCH    0x00fffffffffffff8ul /* of word 3 */
#define EVENT_IPA      0x00fffffffffff000ul /* of word 3 */
#define EVENT_TREQ_SPAN 64, 4
#define EVENT_TREQ_P   92, 1
#define EVENT_TREQ_X   93, 1
#define EVENT_TREQ_W   94, 1
#define EVENT_TREQ_R   95, 1
/* The specification gives these two only as a picture; where they stand here is this library's choice. */
#define EVENT_HINT_SPAN   64, 8
#define EVENT_HINT_ACCESS 96, 6 /* as enum smmu_permission */

/* --- PRI queue records (chapter 8) */

#define SMMU_PAGE_REQUEST_BYTES 16u

#define PRI_SID      0, 32
#define PRI_SSID     32, 20
#define PRI_PRIV     58, 1
#define PRI_EXECUTE  59, 1
#define PRI_READ     60, 1
#define PRI_WRITE    61, 1
#define PRI_LAST     62, 1
#define PRI_SSV      63, 1
#define PRI_GROUP    64, 9

static inline uint64_t smmu_field(const uint64_t *words, unsigned low, unsigned width) {
    return words[low / 64] >> (low % 64) & (~0ul >> (64 - width));
}

static inline void smmu_field_set(uint64_t *words, unsigned low, unsigned width, uint64_t value) {
    uint64_t mask = ~0ul >> (64 - width) << (low % 64);
    words[low / 64] = (words[low / 64] & ~mask) | (value << (low % 64) & mask);
}
