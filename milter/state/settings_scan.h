/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings_scan: rows of settings.c about scanning, and what comes of it.
 *
 * Not a header of its own: settings.c includes it in the middle of its table,
 * whose macros and words it uses; the table is longer than one file may be.
 */
	/* scanning */
	{ TOP("scan", scan, BOOL), .fallback = "yes",
	    .heading = "Scanning for viruses",
	    .text = "Scan all mail by postern-scan. With no, mail passes "
	    "without a look at its parts." },
	{ TOP("scan-socket", scan_socket, STRING),
	    .restart = RESTART_SCANNER,
	    .fallback = "/run/postern-scan/scan.sock",
	    .text = "The path of the unix socket of postern-scan." },
	{ TOP("scan-timeout", scan_timeout_ms, TIME), .fallback = "60s",
	    RANGE(100 * MS, 4 * MINUTE), .unit = MS,
	    .text = "How long all parts of one message may wait for the "
	    "scanner, each scan and its place in the queue together. Postfix "
	    "gives up after milter_content_timeout, 300s." },
	{ TOP("scan-failure", scan_failure, CHOICE), .fallback = "tempfail",
	    CHOICE("tempfail|accept|hold", tempfail_accept_hold),
	    .text = "What happens to inbound mail while the scanner is away, "
	    "late or at fault. With accept it passes unscanned, with a mark. "
	    "Local mail (of cron, bounces) is never put off: it passes with "
	    "a mark and an event. Mail of a relay follows this setting too." },
	{ TOP("scan-failure-outbound", scan_failure_outbound, CHOICE),
	    .fallback = "tempfail",
	    CHOICE("tempfail|accept|hold", tempfail_accept_hold),
	    .text = "The same for outbound mail." },
	{ TOP("scan-message", scan_message, BOOL), .fallback = "yes",
	    .text = "Scan the message as a whole too, for signatures that "
	    "look at mail and for what no part shows." },
	{ TOP("scan-cache", scan_cache, COUNT), .fallback = "20000",
	    RANGE(0, 10 * 1000 * 1000),
	    .text = "Verdicts kept by the SHA-256 of the content, for as "
	    "long as the signatures stay the same. 0: none." },
	{ TOP("mta-size-limit", mta_size_limit, SIZE), .fallback = "0",
	    RANGE(0, 2 * G),
	    .text = "Postfix's message_size_limit, if a message that grows "
	    "past it by our edits shall be refused with a clear reason. 0: "
	    "message-size is the limit." },

	/* what to do about finds */
	{ TOP("virus", virus, CHOICE), .fallback = "strip",
	    .heading = "What to do about viruses",
	    CHOICE("strip|reject|hold|discard|monitor", virus_choices),
	    .text = "What happens to inbound mail with a virus. With strip a "
	    "short notice stands in place of the part and all else is "
	    "delivered as it was sent; what cannot be stripped (a virus in "
	    "the text, or one that only the whole message shows) is refused. "
	    "With hold the stripped message waits in Postfix's hold queue. "
	    "With monitor the message is only marked." },
	{ TOP("virus-outbound", virus_outbound, CHOICE), .fallback = "reject",
	    CHOICE("strip|reject|hold|discard|monitor", virus_choices),
	    .text = "The same for outbound mail." },
	{ TOP("virus-local", virus_local, CHOICE), .fallback = "strip",
	    CHOICE("strip|discard|monitor", virus_local_choices),
	    .text = "The same for local mail, of cron and bounces, which "
	    "cannot be refused. What cannot be stripped is discarded." },
	{ TOP("virus-signed", virus_signed, CHOICE), .fallback = "hold",
	    CHOICE("hold|reject|discard|strip", virus_signed_choices),
	    .text = "What happens to a message signed or encrypted by its "
	    "author (S/MIME, PGP) of which a part must go. Strip breaks the "
	    "signature. With hold the stripped message waits in Postfix's "
	    "hold queue, and the original is kept in the quarantine." },
	{ TOP("unscannable", unscannable, CHOICE), .fallback = "mark",
	    CHOICE("mark|strip|reject|hold", unscannable_choices),
	    .text = "What happens to a part that cannot be scanned: an "
	    "encrypted archive, one past the limits, one of a kind that is "
	    "not read, one at which the scanner failed three times." },
	{ TOP("malformed", malformed, CHOICE), .fallback = "mark",
	    CHOICE("accept|mark|reject|hold", structure_choices),
	    .text = "What happens to a message whose MIME structure is "
	    "broken, so that readers may see other parts than the scanner." },
	{ TOP("mime-limit", mime_limit, CHOICE), .fallback = "reject",
	    CHOICE("accept|mark|reject|hold", structure_choices),
	    .text = "What happens to a message with more parts, levels or "
	    "lines of part headers than can be taken apart. The scanner sees "
	    "it as a whole only." },
	{ TOP("block-names", block_names, STRINGS), .fallback = "{}",
	    .example = "{ \"exe\", \"scr\", \"com\", \"bat\", "
	    "\"cmd\", \"pif\", \"js\", \"jse\", \"vbs\", \"vbe\", "
	    "\"wsf\", \"hta\", \"lnk\", \"msi\", \"iso\" }",
	    .text = "Endings of file names that are stripped whatever the "
	    "scanner says, also of a file inside a zip (one level deep)." },

	/* the notice */
	{ TOP("notice-file", notice_file, STRING), .fallback = "",
	    .heading = "The notice in place of a stripped part",
	    .text = "A file with a text of your own, UTF-8, with ${file}, "
	    "${virus}, ${reason}, ${time}, ${reference}, ${sha256} and "
	    "${contact}. Empty: the built-in text." },
	{ TOP("notice-contact", notice_contact, STRING), .fallback = "",
	    .example = "postmaster@example.org",
	    .text = "Whom the recipient may ask, as it shall stand in the "
	    "notice." },
	{ TOP("notice-languages", notice_languages, STRINGS),
	    .fallback = "{ \"en\" }",
	    .text = "The languages of the built-in text, one after the "
	    "other: en, de, fr, es. With a text of your own, the languages "
	    "that it is in." },

	/* quarantine */
	{ TOP("quarantine", quarantine, STRING),
	    .fallback = "", .example = "/var/lib/postern/quarantine",
	    .heading = "Quarantine",
	    .text = "The folder in which stripped parts are kept, sealed. "
	    "Empty: what is stripped is gone. Make the keys first: "
	    "posternctl quarantine init." },
	{ TOP("quarantine-key", quarantine_key, STRING),
	    .fallback = "/etc/postern/quarantine.pub",
	    .text = "The file with the public key to which entries are "
	    "sealed. The secret key opens them; postern does not need it." },
	{ TOP("quarantine-size", quarantine_size, SIZE), .fallback = "1G",
	    RANGE(1 * M, 1024 * G),
	    .text = "Bytes of all entries together; the oldest go first." },
	{ TOP("quarantine-age", quarantine_age_s, TIME), .fallback = "30d",
	    RANGE(0, 3650 * DAY), .unit = S,
	    .text = "How long entries are kept. 0: until the size is "
	    "reached." },
	{ TOP("quarantine-whole", quarantine_whole, BOOL), .fallback = "no",
	    .text = "Keep the whole message beside the part." },
	{ TOP("quarantine-failure", quarantine_failure, CHOICE),
	    .fallback = "tempfail", CHOICE("tempfail|drop", tempfail_drop),
	    .text = "What happens when an entry cannot be written (disk "
	    "full). With tempfail the message waits in the client's queue; "
	    "with drop it passes stripped, and the part is gone." },

	/* journal */
	{ TOP("journal", journal, STRING),
	    .restart = RESTART_POSTERN,
	    .fallback = "", .example = "/var/lib/postern/journal",
	    .heading = "The journal of events",
	    .text = "The folder of the journal, in which each event is "
	    "written before the message is answered. Empty: none." },
	{ TOP("journal-size", journal_size, SIZE), .fallback = "1G",
	    RANGE(1 * M, 1024 * G),
	    .text = "Bytes of the journal; at 80 % there is an alarm in the "
	    "log." },
	{ TOP("journal-age", journal_age_s, TIME), .fallback = "30d",
	    RANGE(0, 3650 * DAY), .unit = S,
	    .text = "How long events are kept. 0: until the size is "
	    "reached." },
	{ TOP("journal-full", journal_full, CHOICE), .fallback = "drop",
	    CHOICE("drop|tempfail", drop_tempfail),
	    .text = "What happens when the journal has reached its size. "
	    "With drop the oldest events go, with an alarm; with tempfail "
	    "mail waits until there is room. A journal that cannot be written "
	    "at all puts mail off in any case." },

	/* notification */
	{ TOP("notify-to", notify_to, STRING), .fallback = "",
	    .example = "postmaster@example.org",
	    .heading = "Notification by mail",
	    .text = "Who is told of viruses, by one mail for each interval "
	    "and tenant. It needs the journal. Empty: nobody." },
	{ TOP("notify-from", notify_from, STRING), .fallback = "",
	    .text = "The author of these mails. Empty: postern at the name "
	    "of authserv-id. The envelope sender is null in any case." },
	{ TOP("notify-interval", notify_interval_s, TIME), .fallback = "15m",
	    RANGE(1 * S, 7 * DAY), .unit = S,
	    .text = "At most one mail in this time." },
	{ TOP("notify-recipients", notify_recipients, BOOL), .fallback = "no",
	    .text = "Tell recipients too when a message for them was held or "
	    "discarded for a virus. Who gets a stripped message reads the "
	    "notice in it." },
	{ TOP("sendmail", sendmail, STRING),
	    .fallback = "/usr/sbin/sendmail",
	    .text = "The command that takes these mails, as Postfix's "
	    "sendmail does." },

	/* postern-scan */
	{ TOP("scan-user", scan_user, STRING),
	    .restart = RESTART_SCANNER, .fallback = "",
	    .example = "postern-scan", .heading = "The scanner",
	    .text = "The user that postern-scan becomes when it is started "
	    "as root. It needs to read the signatures and nothing else. "
	    "Empty: it stays who it is." },
	{ TOP("scan-group", scan_group, STRING),
	    .restart = RESTART_SCANNER, .fallback = "",
	    .text = "The group that postern-scan runs with. Empty: the group "
	    "of its user." },
	{ TOP("scan-socket-mode", scan_socket_mode, MODE),
	    .restart = RESTART_SCANNER, .fallback = "0660", RANGE(0, 0777),
	    .text = "The file mode of the scanner's socket." },
	{ TOP("scan-socket-group", scan_socket_group, STRING),
	    .restart = RESTART_SCANNER, .fallback = "", .example = "postern",
	    .text = "The group of the scanner's socket; postern must be in "
	    "it. Empty: the group that postern-scan runs with." },
	{ TOP("scan-clients", scan_clients, STRINGS),
	    .restart = RESTART_SCANNER, .fallback = "{ \"postern\" }",
	    .text = "The users whose processes may have content scanned. "
	    "Root and the scanner's own user always may." },
	{ TOP("scan-database", scan_database, STRING),
	    .restart = RESTART_SCANNER, .fallback = "/var/lib/clamav",
	    .text = "The folder of the signatures. When its files change, "
	    "and on SIGHUP, they are loaded while the old ones serve; a set "
	    "that is broken or does not find the EICAR test file is not "
	    "taken." },
	{ TOP("scan-workers", scan_workers, COUNT),
	    .restart = RESTART_SCANNER,
	    .fallback = "0", RANGE(0, 256),
	    .text = "Processes that scan. 0: one for each core, and one "
	    "more. They share the memory of the signatures." },
	{ TOP("scan-time", scan_time_ms, TIME),
	    .restart = RESTART_SCANNER,
	    .fallback = "10s", RANGE(100 * MS, 2 * MINUTE), .unit = MS,
	    .text = "How long one content may be scanned. A worker that "
	    "takes two seconds more is killed and replaced. Keep it well "
	    "below scan-timeout." },
	{ TOP("scan-size", scan_size, SIZE),
	    .restart = RESTART_SCANNER,
	    .fallback = "400M", RANGE(1 * M, 2 * G),
	    .text = "Bytes that are unpacked of one content; past it the "
	    "content is not scannable. Also the largest content." },
	{ TOP("scan-file-size", scan_file_size, SIZE),
	    .restart = RESTART_SCANNER,
	    .fallback = "100M", RANGE(1 * M, 2 * G),
	    .text = "The largest single file inside of a content." },
	{ TOP("scan-files", scan_files, COUNT),
	    .restart = RESTART_SCANNER,
	    .fallback = "10000", RANGE(1, 1000000),
	    .text = "Files unpacked of one content." },
	{ TOP("scan-depth", scan_depth, COUNT),
	    .restart = RESTART_SCANNER,
	    .fallback = "17", RANGE(1, 100),
	    .text = "Archives inside of archives." },
	{ TOP("scan-tmp", scan_tmp, STRING),
	    .restart = RESTART_SCANNER, .fallback = "",
	    .text = "A folder in memory for temporary files. Empty: a "
	    "private one where the system lets mount it, else /dev/shm." },
	{ TOP("scan-tmp-size", scan_tmp_size, SIZE),
	    .restart = RESTART_SCANNER,
	    .fallback = "512M", RANGE(16 * M, 64 * G),
	    .text = "Bytes of temporary files of all workers, where a "
	    "private folder could be mounted." },
	{ TOP("scan-pua", scan_pua, BOOL),
	    .restart = RESTART_SCANNER, .fallback = "no",
	    .text = "Look for possibly unwanted applications too. They are "
	    "marked, not stripped." },
	{ TOP("scan-low-memory", scan_low_memory, BOOL),
	    .restart = RESTART_SCANNER, .fallback = "no",
	    .text = "Give the old signatures back before new ones are "
	    "loaded. It saves half of the memory at its peak; mail is put "
	    "off meanwhile." },
