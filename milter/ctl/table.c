/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table: rows in columns for a reader.
 *
 * Called by the commands.  Rows are kept until there are ROWS_KEPT of them,
 * then columns get their widths and the rows go out; later rows may only make
 * columns wider, so that a list of any length needs little memory.  The last
 * column is not filled up.
 */
#include "config.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clean.h"
#include "ctl.h"
#include "log.h"

#define ROWS_KEPT	1000
/* A longer cell is cut; show and --json have it whole. */
#define CELL_MAX	60

struct table {
	struct arena	*arena;		/* of the rows kept */
	size_t		 columns;
	bool		 right[TABLE_COLUMNS_MAX];
	int		 width[TABLE_COLUMNS_MAX];
	const char	**row[ROWS_KEPT];
	size_t		 n;
};

const char *
shown(struct arena *a, const char *s)
{
	return clean_reply(a, span_of(s == NULL ? "" : s), true);
}

const char *
shown_time(struct arena *a, int64_t wall)
{
	time_t t = (time_t)wall;
	char out[64];
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(out, sizeof(out), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		return "?";
	return arena_strdup(a, out);
}

static bool
begins_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

/* Characters of UTF-8. */
static int
width_of(const char *s)
{
	int n = 0;

	for (; *s != '\0'; s++)
		n += begins_character(*s);
	return n;
}

static const char *
cell_of(struct arena *a, const char *s)
{
	char *cell = arena_strdup(a, shown(a, s)), *p = cell;
	int n = 0;

	while (*p != '\0' && (n < CELL_MAX || !begins_character(*p)))
		n += begins_character(*p++);
	if (*p == '\0')
		return cell;
	*p = '\0';
	return arena_printf(a, "%s...", cell);
}

struct table *
table_new(const char *const *headings, size_t n)
{
	struct table *t = calloc(1, sizeof(*t));

	assert(n <= TABLE_COLUMNS_MAX);
	if (t == NULL)
		log_panic("out of memory");
	t->arena = arena_new();
	t->columns = n;
	for (size_t i = 0; i < n; i++)
		t->right[i] = headings[i][0] == '>';
	table_row(t, headings);
	for (size_t i = 0; i < n; i++)
		if (t->right[i])
			t->row[0][i]++;		/* without its mark */
	return t;
}

static void
print_cell(const struct table *t, size_t column, const char *cell)
{
	int pad = t->width[column] - width_of(cell);

	if (t->right[column])
		printf("%*s%s", pad, "", cell);
	else if (column + 1 < t->columns)
		printf("%s%*s", cell, pad, "");
	else
		fputs(cell, stdout);
	fputs(column + 1 < t->columns ? "  " : "\n", stdout);
}

static void
flush_rows(struct table *t)
{
	int w;

	for (size_t r = 0; r < t->n; r++)
		for (size_t i = 0; i < t->columns; i++) {
			w = width_of(t->row[r][i]);
			if (w > t->width[i])
				t->width[i] = w;
		}
	for (size_t r = 0; r < t->n; r++)
		for (size_t i = 0; i < t->columns; i++)
			print_cell(t, i, t->row[r][i]);
	t->n = 0;
	arena_free(&t->arena);
	t->arena = arena_new();
}

void
table_row(struct table *t, const char *const *cells)
{
	const char **row;

	if (t->n == ROWS_KEPT)
		flush_rows(t);
	row = arena_array(t->arena, t->columns, sizeof(*row));
	for (size_t i = 0; i < t->columns; i++)
		row[i] = cell_of(t->arena, cells[i]);
	t->row[t->n++] = row;
}

void
table_end(struct table **p)
{
	struct table *t = *p;

	*p = NULL;
	flush_rows(t);
	arena_free(&t->arena);
	free(t);
}
