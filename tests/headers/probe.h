/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program or library may do after it has included any header: ask for the attribute "fallthrough" in each way
 * that its language has, and use it. Included behind the header that is tested; compiling is the test. That the
 * attribute is understood matters as much as that it parses: hence the warnings that are errors here.
 */
#pragma GCC diagnostic error "-Wattributes"
#ifdef __clang__
#pragma GCC diagnostic error "-Wunknown-attributes"
#endif
#pragma GCC diagnostic error "-Wimplicit-fallthrough"

#ifdef __cplusplus
#define PROBE_EXTERN extern "C"
#else
#define PROBE_EXTERN
#endif
PROBE_EXTERN int teegate_probe_gnu(int n);
PROBE_EXTERN int teegate_probe_standard(int n);

/* GNU C's spelling, in all languages */
#ifdef __has_attribute
#if __has_attribute(fallthrough)
int teegate_probe_gnu(int n)
{
	switch (n) {
	case 1:
		n += 2;
		__attribute__((fallthrough));
	default:
		return n;
	}
}
#endif
#endif

#if defined(__cplusplus) && defined(__has_cpp_attribute)
#if __has_cpp_attribute(fallthrough) && __cplusplus >= 201703L
#define PROBE_STANDARD
#endif
#elif defined(__has_c_attribute)
#if __has_c_attribute(fallthrough) && __STDC_VERSION__ > 201710L
#define PROBE_STANDARD
#endif
#endif

#ifdef PROBE_STANDARD
int teegate_probe_standard(int n)
{
	switch (n) {
	case 1:
		n += 2;
		[[fallthrough]];
	default:
		return n;
	}
}
#endif
