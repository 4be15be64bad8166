/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine_names: the library's names and codes as answers.
 *
 * Called for each scan that did not end clean.  The library reports a limit
 * or an encryption like a virus; for us these are "not scanned".  Its codes
 * for memory and files are the scanner's own trouble: asked again later the
 * content may be scanned.  All other codes speak about the content.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "engine_private.h"

#define LIMIT		"Heuristics.Limits.Exceeded"
#define ENCRYPTED	"Heuristics.Encrypted"

/* Names that are no virus, the first that fits; NULL reason: see below. */
static const struct {
	const char	*start;
	const char	*reason;
} unread[] = {
	{ LIMIT ".MaxFileSize",		"limit: file too large" },
	{ LIMIT ".MaxScanSize",		"limit: too much to unpack" },
	{ LIMIT ".MaxFiles",		"limit: too many files" },
	{ LIMIT ".MaxRecursion",	"limit: nested too deeply" },
	{ LIMIT ".MaxScanTime",		"took too long" },
	{ LIMIT ".EmailHeader",		"limit: too many headers in a mail" },
	{ LIMIT ".EmailMIMEParts",	"limit: too many parts in a mail" },
	{ LIMIT,			"limit: too much to scan" },
	{ "Heuristics.XZ.DicSizeLimit",	"limit: xz dictionary too large" },
	{ "Heuristics.Zip.Overlapping",	"zip: overlapping entries" },
	{ ENCRYPTED ".PDF",		"encrypted document" },
	{ ENCRYPTED ".Doc",		"encrypted document" },
	{ ENCRYPTED,			"encrypted archive" },
};

void
engine_say(struct scan_answer *a, enum scan_status status, const char *name)
{
	size_t n = strnlen(name, sizeof(a->name) - 1);

	a->status = status;
	for (size_t i = 0; i < n; i++)
		a->name[i] = name[i] > ' ' && name[i] <= '~' ? name[i] :
		    status == SCAN_VIRUS ? '_' : name[i] == ' ' ? ' ' : '?';
	a->name[n] = '\0';
}

void
engine_name_answer(const char *virname, struct scan_answer *a)
{
	/* Seen for content over the size limit. */
	if (virname == NULL || virname[0] == '\0') {
		engine_say(a, SCAN_NOT_SCANNED, "limit: file too large");
		return;
	}
	for (size_t i = 0; i < sizeof(unread) / sizeof(unread[0]); i++) {
		if (strncmp(virname, unread[i].start,
		    strlen(unread[i].start)) != 0)
			continue;
		engine_say(a, SCAN_NOT_SCANNED, unread[i].reason);
		return;
	}
	engine_say(a, SCAN_VIRUS, virname);
}

/* True for what another try, or more room, may mend. */
static bool
own_trouble(int code)
{
	switch (code) {
	case CL_EOPEN:
	case CL_ECREAT:
	case CL_EUNLINK:
	case CL_ESTAT:
	case CL_EWRITE:
	case CL_EDUP:
	case CL_EACCES:
	case CL_ETMPFILE:
	case CL_ETMPDIR:
	case CL_EMAP:
	case CL_EMEM:
	case CL_ENULLARG:
	case CL_EARG:
	case CL_ELOCK:
	case CL_EBUSY:
	case CL_ESTATE:
		return true;
	default:
		return false;
	}
}

void
engine_code_answer(int code, struct scan_answer *a)
{
	char text[SCAN_NAME_SIZE];

	if (code == CL_ETIMEOUT) {
		engine_say(a, SCAN_NOT_SCANNED, "took too long");
		return;
	}
	snprintf(text, sizeof(text), "%s: %s", own_trouble(code) ?
	    "the scanner" : "unreadable", cl_strerror((cl_error_t)code));
	engine_say(a, own_trouble(code) ? SCAN_FAILED : SCAN_NOT_SCANNED,
	    text);
}
