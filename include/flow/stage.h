/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stage: one step of the way of a message, and the table of all of them.
 *
 * A stage reads the message and earlier facts, writes its own fact, may add
 * edits and raise the verdict, and returns.  It never speaks to the milter
 * library, never logs, and includes no other stage.  Silence means: go on.
 */
#ifndef POSTERN_STAGE_H
#define POSTERN_STAGE_H

#include <stdbool.h>

#include "message.h"

enum point {
	AT_MAIL,
	AT_RCPT,	/* for the recipient added last */
	AT_END
};

struct stage {
	const char	*name;		/* word in the log and counters */
	enum point	 point;
	unsigned	 classes;	/* enum mail_class bits */
	unsigned	 needs;		/* enum fact bits read */
	unsigned	 gives;		/* enum fact bits written */
	void		(*run)(struct message *);
};

/*
 * Proves for each class that what a stage needs has been given by one before
 * it, and that a fact has one writer.  0, or -1 with *error_r (malloc'd).
 */
int	stages_prove(const struct stage *const *table, char **error_r);

/*
 * Runs the class's stages for the point, in the table's order.  A message
 * with a fault is not looked at: its answer is raised here.
 */
void	stages_run(const struct stage *const *table, enum point,
	    struct message *);

#endif
