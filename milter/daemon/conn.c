/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn: glue between libmilter's callbacks and flow/message.
 *
 * Every no-reply flag that the MTA offers is taken, so that only MAIL, RCPT
 * and the end of a message cost a round trip.  A callback whose reply was
 * negotiated away returns SMFIS_NOREPLY.  xxfi_close and xxfi_abort bear
 * being called at any time, and for a nudge without any other callback.
 */
#include "conn.h"

#include <libmilter/mfapi.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "counters.h"
#include "gate.h"
#include "bounds.h"
#include "log.h"
#include "logline.h"
#include "message.h"
#include "reply.h"
#include "stage.h"
#include "table.h"

struct conn {
	struct session	*session;	/* NULL before connect */
	unsigned long	 steps;		/* SMFIP_* in force */
	bool		 overloaded;	/* over the limit of sessions */
};

#define ACTIONS_NEEDED	(SMFIF_ADDHDRS | SMFIF_CHGHDRS)
#define ACTIONS_WANTED	(ACTIONS_NEEDED | SMFIF_CHGBODY | SMFIF_QUARANTINE | \
			SMFIF_SETSYMLIST)
#define STEPS_WANTED	(SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_HDR | \
			SMFIP_NR_EOH | SMFIP_NR_BODY | SMFIP_NR_DATA | \
			SMFIP_NR_UNKN | SMFIP_NOUNKNOWN | SMFIP_NODATA | \
			SMFIP_NOEOH | SMFIP_HDR_LEADSPC)

static _Atomic unsigned sessions, messages;
static _Atomic int64_t last_end;
/* Connections, nudges too, that have not been served yet. */
static _Atomic int unserved;
/* For conn_await(): the first session was opened. */
static pthread_mutex_t opened_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;

unsigned
conn_sessions(void)
{
	return atomic_load(&sessions);
}

unsigned
conn_messages(void)
{
	return atomic_load(&messages);
}

int64_t
conn_last_end(void)
{
	return atomic_load(&last_end);
}

void
conn_await(void)
{
	pthread_mutex_lock(&opened_lock);
	while (conn_sessions() == 0)
		pthread_cond_wait(&opened, &opened_lock);
	pthread_mutex_unlock(&opened_lock);
}

void
conn_accepted(void)
{
	atomic_fetch_add(&unserved, 1);
}

int
conn_unserved(void)
{
	return atomic_load(&unserved);
}

static void
count_session(void)
{
	counter_add(COUNT_SESSIONS);
	atomic_fetch_sub(&unserved, 1);
	if (atomic_fetch_add(&sessions, 1) > 0)
		return;
	pthread_mutex_lock(&opened_lock);
	pthread_cond_signal(&opened);
	pthread_mutex_unlock(&opened_lock);
}

/* libmilter's prototypes lack const; it changes nothing. */
static const char *
macro(SMFICTX *ctx, const char *name)
{
	char copy[32];

	strncpy(copy, name, sizeof(copy) - 1);
	copy[sizeof(copy) - 1] = '\0';
	return smfi_getsymval(ctx, copy);
}

/* The answer to a step: none where none was negotiated. */
static sfsistat
step_done(const struct conn *c, unsigned long no_reply)
{
	return c != NULL && (c->steps & no_reply) ? SMFIS_NOREPLY :
	    SMFIS_CONTINUE;
}

static void
ask_for_macros(SMFICTX *ctx)
{
	static char connect[] = "{daemon_name} {client_name} {client_resolve}";
	static char mail[] = "{auth_authen}";
	static char eom[] = "i";

	if (smfi_setsymlist(ctx, SMFIM_CONNECT, connect) != MI_SUCCESS ||
	    smfi_setsymlist(ctx, SMFIM_ENVFROM, mail) != MI_SUCCESS ||
	    smfi_setsymlist(ctx, SMFIM_EOM, eom) != MI_SUCCESS)
		log_warn("the MTA does not take lists of macros; set them in "
		    "its configuration");
}

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1,
    unsigned long f2, unsigned long f3, unsigned long *pf0,
    unsigned long *pf1, unsigned long *pf2, unsigned long *pf3)
{
	struct conn *c;

	(void)f2;
	(void)f3;
	if ((f0 & ACTIONS_NEEDED) != ACTIONS_NEEDED) {
		log_warn("the MTA does not let filters change headers "
		    "(actions %#lx); its mail is tempfailed", f0);
		return SMFIS_REJECT;
	}
	c = calloc(1, sizeof(*c));
	if (c == NULL || smfi_setpriv(ctx, c) != MI_SUCCESS) {
		free(c);
		return SMFIS_REJECT;
	}
	c->steps = f1 & STEPS_WANTED;
	*pf0 = f0 & ACTIONS_WANTED;
	*pf1 = c->steps;
	*pf2 = *pf3 = 0;
	if (f0 & SMFIF_SETSYMLIST)
		ask_for_macros(ctx);
	count_session();
	return SMFIS_CONTINUE;
}

/* RFC 8601 section 2.7.3, from what Postfix found out. */
static enum iprev
iprev_of(const char *resolve, const char *name)
{
	if (resolve == NULL)
		return name == NULL || name[0] == '[' ||
		    strcasecmp(name, "unknown") == 0 ? IPREV_FAIL : IPREV_PASS;
	if (strcmp(resolve, "OK") == 0)
		return IPREV_PASS;
	if (strcmp(resolve, "TEMP") == 0)
		return IPREV_TEMPERROR;
	return strcmp(resolve, "FORGED") == 0 ? IPREV_FAIL : IPREV_PERMERROR;
}

static unsigned
port_of(const _SOCK_ADDR *addr)
{
	const struct sockaddr *sa = (const struct sockaddr *)addr;

	if (sa == NULL)
		return 0;
	if (sa->sa_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)
		    (const void *)sa)->sin_port);
	if (sa->sa_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)
		    (const void *)sa)->sin6_port);
	return 0;
}

/* Ends the message that is in motion, if there is one. */
static void
end_message(struct conn *c)
{
	if (c == NULL || c->session == NULL || c->session->message == NULL)
		return;
	message_free(&c->session->message);
	atomic_store(&last_end, clock_ms());
	atomic_fetch_sub(&messages, 1);
}

static sfsistat
on_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *addr)
{
	struct conn *c = smfi_getpriv(ctx);
	struct ipaddr client = { .family = AF_UNSPEC };
	const char *name;

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	if (addr != NULL)
		ipaddr_from_sockaddr((const struct sockaddr *)addr, &client);
	name = macro(ctx, "{client_name}");
	if (name == NULL)
		name = host;
	end_message(c);
	session_free(&c->session);
	c->session = session_new(&client, port_of(addr), name,
	    iprev_of(macro(ctx, "{client_resolve}"), name),
	    macro(ctx, "{daemon_name}"));
	c->overloaded = conn_sessions() > c->session->conf->sessions;
	return step_done(c, SMFIP_NR_CONN);
}

static sfsistat
on_helo(SMFICTX *ctx, char *helo)
{
	struct conn *c = smfi_getpriv(ctx);

	if (c != NULL && c->session != NULL)
		session_helo(c->session, helo);
	return step_done(c, SMFIP_NR_HELO);
}

static struct message *
current(SMFICTX *ctx)
{
	struct conn *c = smfi_getpriv(ctx);

	return c == NULL || c->session == NULL ? NULL : c->session->message;
}

static sfsistat
say(SMFICTX *ctx, enum verdict_kind kind, const char *code,
    const char *enhanced, const char *text)
{
	struct verdict v = {
		.kind = kind, .code = code, .enhanced = enhanced, .text = text
	};

	return reply_verdict(ctx, &v);
}

static bool
has_smtputf8(char **argv)
{
	for (size_t i = 1; argv[0] != NULL && argv[i] != NULL; i++)
		if (strcasecmp(argv[i], "SMTPUTF8") == 0)
			return true;
	return false;
}

static sfsistat
on_mail(SMFICTX *ctx, char **argv)
{
	struct conn *c = smfi_getpriv(ctx);
	struct message *m;

	if (c == NULL || c->session == NULL)
		return SMFIS_TEMPFAIL;
	end_message(c);
	m = message_begin(c->session, argv[0] == NULL ? "" : argv[0],
	    macro(ctx, "{auth_authen}"), has_smtputf8(argv));
	if (m == NULL)
		return say(ctx, VERDICT_REJECT, "553", "5.1.7",
		    "The sender's address is too long");
	atomic_fetch_add(&messages, 1);
	c->overloaded = c->overloaded &&
	    conn_sessions() > c->session->conf->sessions;
	if (c->overloaded && m->class != CLASS_LOCAL) {
		end_message(c);
		return say(ctx, VERDICT_TEMPFAIL, "451", "4.3.2",
		    "Too many connections at once, please try again later");
	}
	stages_run(stage_table, AT_MAIL, m);
	return reply_verdict(ctx, &m->verdict);
}

static sfsistat
on_rcpt(SMFICTX *ctx, char **argv)
{
	struct message *m = current(ctx);
	struct verdict before;
	sfsistat r;

	if (m == NULL)
		return SMFIS_TEMPFAIL;
	before = m->verdict;
	if (message_rcpt(m, argv[0] == NULL ? "" : argv[0]) < 0)
		return say(ctx, VERDICT_REJECT, "553", "5.1.3",
		    "The recipient's address is too long");
	stages_run(stage_table, AT_RCPT, m);
	r = reply_verdict(ctx, &m->verdict);
	if (m->verdict.kind >= VERDICT_TEMPFAIL) {
		log_info("%s", logline_rcpt(m));
		message_rcpt_drop(m);
		m->verdict = before;
	}
	return r;
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	struct conn *c = smfi_getpriv(ctx);
	struct message *m = current(ctx);

	if (m == NULL)
		return SMFIS_TEMPFAIL;
	if (c->steps & SMFIP_HDR_LEADSPC)
		message_field(m, name, value);
	else if (m->fault == FAULT_NONE)
		/* One blank was eaten on the way. */
		message_field(m, name, arena_printf(m->arena, " %s", value));
	return step_done(c, SMFIP_NR_HDR);
}

static sfsistat
on_eoh(SMFICTX *ctx)
{
	return step_done(smfi_getpriv(ctx), SMFIP_NR_EOH);
}

static sfsistat
on_body(SMFICTX *ctx, unsigned char *p, size_t n)
{
	struct message *m = current(ctx);

	if (m == NULL)
		return SMFIS_TEMPFAIL;
	message_body(m, p, n);
	return step_done(smfi_getpriv(ctx), SMFIP_NR_BODY);
}

static void
judge(struct message *m)
{
	const struct conf *conf = m->session->conf;
	enum gate_side side = m->class == CLASS_OUTBOUND ||
	    m->class == CLASS_LOCAL ? GATE_OWN : GATE_FOREIGN;
	bool in = gate_enter(side, conf->workers, conf->worker_wait_ms);

	/* A DSN that is put off would go round in the queue. */
	if (!in && m->class != CLASS_LOCAL) {
		verdict_raise(&m->verdict, VERDICT_TEMPFAIL, "gate",
		    "workers busy for longer than worker-wait", "451",
		    "4.3.2", "Too busy, please try again later");
		return;
	}
	stages_run(stage_table, AT_END, m);
	if (in)
		gate_leave(side);
}

static sfsistat
on_eom(SMFICTX *ctx)
{
	struct conn *c = smfi_getpriv(ctx);
	struct message *m = current(ctx);
	sfsistat r;

	if (m == NULL)
		return SMFIS_TEMPFAIL;
	message_end(m, macro(ctx, "i"));
	judge(m);
	r = reply_message(ctx, m, (c->steps & SMFIP_HDR_LEADSPC) != 0);
	log_info("%s", logline(m));
	counter_add(COUNT_MESSAGES);
	counter_verdict(m->class, m->verdict.kind);
	if (m->facts.sign.n > 0)
		counter_add(COUNT_SIGNED);
	end_message(c);
	return r;
}

static sfsistat
on_abort(SMFICTX *ctx)
{
	struct conn *c = smfi_getpriv(ctx);

	if (current(ctx) != NULL)
		counter_add(COUNT_ABORTED);
	end_message(c);
	return SMFIS_CONTINUE;
}

static sfsistat
on_close(SMFICTX *ctx)
{
	struct conn *c = smfi_getpriv(ctx);

	if (c == NULL) {	/* a nudge */
		atomic_fetch_sub(&unserved, 1);
		return SMFIS_CONTINUE;
	}
	end_message(c);
	session_free(&c->session);
	smfi_setpriv(ctx, NULL);
	free(c);
	atomic_fetch_sub(&sessions, 1);
	return SMFIS_CONTINUE;
}

static char own_name[] = "postern";

static struct smfiDesc description = {
	.xxfi_name = own_name,
	.xxfi_version = SMFI_VERSION,
	.xxfi_flags = ACTIONS_WANTED,
	.xxfi_connect = on_connect,
	.xxfi_helo = on_helo,
	.xxfi_envfrom = on_mail,
	.xxfi_envrcpt = on_rcpt,
	.xxfi_header = on_header,
	.xxfi_eoh = on_eoh,
	.xxfi_body = on_body,
	.xxfi_eom = on_eom,
	.xxfi_abort = on_abort,
	.xxfi_close = on_close,
	.xxfi_negotiate = on_negotiate
};

int
conn_setup(const char *socket_spec)
{
	char *spec = strdup(socket_spec);
	int r = -1;

	if (spec != NULL && smfi_register(description) == MI_SUCCESS &&
	    smfi_setconn(spec) == MI_SUCCESS &&
	    smfi_setmaxdatasize(MILTER_PACKET_MAX) > 0)
		r = 0;
	free(spec);
	return r;
}

int
conn_serve(void)
{
	return smfi_main() == MI_SUCCESS ? 0 : -1;
}
