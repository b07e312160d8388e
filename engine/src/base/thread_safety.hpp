// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Says to Clang which lock protects what, so that -Wthread-safety finds where it
/// is missing. Nothing to other compilers.
#if defined(__clang__)
#define VMTASK_THREAD_SAFETY(attribute) __attribute__((attribute))
#else
#define VMTASK_THREAD_SAFETY(attribute)
#endif

// Of classes.
#define VMTASK_CAPABILITY VMTASK_THREAD_SAFETY(capability("mutex"))
#define VMTASK_SCOPED_CAPABILITY VMTASK_THREAD_SAFETY(scoped_lockable)

// Of members: to be touched under that lock only; what a pointer points to likewise.
#define VMTASK_GUARDED_BY(lock) VMTASK_THREAD_SAFETY(guarded_by(lock))
#define VMTASK_PT_GUARDED_BY(lock) VMTASK_THREAD_SAFETY(pt_guarded_by(lock))

// Of functions: called with that lock held, or without it; takes it, makes sure
// of it, or lets go.
#define VMTASK_REQUIRES(...) VMTASK_THREAD_SAFETY(requires_capability(__VA_ARGS__))
#define VMTASK_EXCLUDES(...) VMTASK_THREAD_SAFETY(locks_excluded(__VA_ARGS__))
#define VMTASK_ACQUIRE(...) VMTASK_THREAD_SAFETY(acquire_capability(__VA_ARGS__))
#define VMTASK_TRY_ACQUIRE(...) VMTASK_THREAD_SAFETY(try_acquire_capability(__VA_ARGS__))
#define VMTASK_ASSERTS_HELD() VMTASK_THREAD_SAFETY(assert_capability(this))
#define VMTASK_RELEASE(...) VMTASK_THREAD_SAFETY(release_capability(__VA_ARGS__))

// For what a lock is made of, and where a lock cannot be named; say why.
#define VMTASK_NO_THREAD_SAFETY_ANALYSIS VMTASK_THREAD_SAFETY(no_thread_safety_analysis)
