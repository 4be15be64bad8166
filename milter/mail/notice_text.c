/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notice_text: what a recipient reads in place of a file, in each language.
 *
 * Used by notice.c only.  The readers are no experts: short sentences, no
 * abbreviations, nothing to be afraid of; what was removed, why, when, the
 * reference, and whom to ask.  The first language is the one for those who
 * asked for none that is here.  Constant data; UTF-8.
 */
#include <stddef.h>

#include "notice_text.h"

static const struct notice_line english[] = {
	{ NOTICE_VIRUS | NOTICE_NAMED, "The file \"${file}\" was removed "
	    "from this message because it contained a virus.\n" },
	{ NOTICE_VIRUS | NOTICE_UNNAMED, "A file was removed from this "
	    "message because it contained a virus.\n" },
	{ NOTICE_OTHER | NOTICE_NAMED, "The file \"${file}\" was removed "
	    "from this message because our rules do not allow it.\n" },
	{ NOTICE_OTHER | NOTICE_UNNAMED, "A file was removed from this "
	    "message because our rules do not allow it.\n" },
	{ NOTICE_OTHER, "This does not mean that it contained a virus.\n" },
	{ 0, "You do not need to do anything.\n\n" },
	{ NOTICE_VIRUS, "Virus: ${virus}\n" },
	{ NOTICE_OTHER, "Reason: ${reason}\n" },
	{ 0, "Removed: ${time}\n" },
	{ 0, "Reference: ${reference}\n" },
	{ NOTICE_CONTACT, "\nDo you need the file, or have a question? Please "
	    "ask ${contact} and give the reference.\n" },
	{ 0, NULL }
};

static const struct notice_line german[] = {
	{ NOTICE_VIRUS | NOTICE_NAMED, "Die Datei „${file}“ wurde aus dieser "
	    "Nachricht entfernt, weil sie einen Virus enthielt.\n" },
	{ NOTICE_VIRUS | NOTICE_UNNAMED, "Eine Datei wurde aus dieser "
	    "Nachricht entfernt, weil sie einen Virus enthielt.\n" },
	{ NOTICE_OTHER | NOTICE_NAMED, "Die Datei „${file}“ wurde aus dieser "
	    "Nachricht entfernt, weil unsere Regeln sie nicht zulassen.\n" },
	{ NOTICE_OTHER | NOTICE_UNNAMED, "Eine Datei wurde aus dieser "
	    "Nachricht entfernt, weil unsere Regeln sie nicht zulassen.\n" },
	{ NOTICE_OTHER, "Das heißt nicht, dass sie einen Virus enthielt.\n" },
	{ 0, "Sie müssen nichts weiter tun.\n\n" },
	{ NOTICE_VIRUS, "Virus: ${virus}\n" },
	{ NOTICE_OTHER, "Grund: ${reason}\n" },
	{ 0, "Entfernt: ${time}\n" },
	{ 0, "Kennzeichen: ${reference}\n" },
	{ NOTICE_CONTACT, "\nBrauchen Sie die Datei, oder haben Sie eine "
	    "Frage? Bitte wenden Sie sich an ${contact} und nennen Sie das "
	    "Kennzeichen.\n" },
	{ 0, NULL }
};

static const struct notice_line french[] = {
	{ NOTICE_VIRUS | NOTICE_NAMED, "Le fichier « ${file} » a été retiré "
	    "de ce message parce qu'il contenait un virus.\n" },
	{ NOTICE_VIRUS | NOTICE_UNNAMED, "Un fichier a été retiré de ce "
	    "message parce qu'il contenait un virus.\n" },
	{ NOTICE_OTHER | NOTICE_NAMED, "Le fichier « ${file} » a été retiré "
	    "de ce message parce que nos règles ne l'autorisent pas.\n" },
	{ NOTICE_OTHER | NOTICE_UNNAMED, "Un fichier a été retiré de ce "
	    "message parce que nos règles ne l'autorisent pas.\n" },
	{ NOTICE_OTHER, "Cela ne veut pas dire qu'il contenait un virus.\n" },
	{ 0, "Vous n'avez rien à faire.\n\n" },
	{ NOTICE_VIRUS, "Virus : ${virus}\n" },
	{ NOTICE_OTHER, "Raison : ${reason}\n" },
	{ 0, "Retiré : ${time}\n" },
	{ 0, "Référence : ${reference}\n" },
	{ NOTICE_CONTACT, "\nVous avez besoin du fichier, ou vous avez une "
	    "question ? Adressez-vous à ${contact} en indiquant la "
	    "référence.\n" },
	{ 0, NULL }
};

static const struct notice_line spanish[] = {
	{ NOTICE_VIRUS | NOTICE_NAMED, "El archivo «${file}» se ha eliminado "
	    "de este mensaje porque contenía un virus.\n" },
	{ NOTICE_VIRUS | NOTICE_UNNAMED, "Se ha eliminado un archivo de este "
	    "mensaje porque contenía un virus.\n" },
	{ NOTICE_OTHER | NOTICE_NAMED, "El archivo «${file}» se ha eliminado "
	    "de este mensaje porque nuestras normas no lo permiten.\n" },
	{ NOTICE_OTHER | NOTICE_UNNAMED, "Se ha eliminado un archivo de este "
	    "mensaje porque nuestras normas no lo permiten.\n" },
	{ NOTICE_OTHER, "Esto no significa que contuviera un virus.\n" },
	{ 0, "No tiene que hacer nada.\n\n" },
	{ NOTICE_VIRUS, "Virus: ${virus}\n" },
	{ NOTICE_OTHER, "Motivo: ${reason}\n" },
	{ 0, "Eliminado: ${time}\n" },
	{ 0, "Referencia: ${reference}\n" },
	{ NOTICE_CONTACT, "\n¿Necesita el archivo o tiene alguna pregunta? "
	    "Consulte a ${contact} e indique la referencia.\n" },
	{ 0, NULL }
};

const struct notice_language notice_languages[NOTICE_LANGUAGES] = {
	{ "en", english },
	{ "de", german },
	{ "fr", french },
	{ "es", spanish },
};
