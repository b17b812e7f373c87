/* SPDX-License-Identifier: MIT
 *
 * version.h - which phasebench this is. */
#ifndef PHASEBENCH_VERSION_H
#define PHASEBENCH_VERSION_H

/* "0.1.0"; static. */
const char *phasebench_version(void);

/* The day of the commit that this is made of, "2026-12-01"; "" where it could not be asked. */
const char *phasebench_date(void);

#endif
