/* Wherry: workers that meet a primary whose history has no epoch yet, all at once (EpochStore.establish). Each looks for the newest row; if there is
 * none of this timeline it inserts one with a random number of its own, ON CONFLICT DO NOTHING, which waits for an uncommitted row of the same key
 * and then inserts nothing; then it reads back what stands, and serves under that. A worker that knows a token of the found epoch that the
 * server has not reached (a restored backup) inserts a row with the counter raised, the same way. Every job checks, in its own transaction, that
 * the newest row is the epoch that it is for (wherry.require_epoch).
 * An epoch is a number: 10 * restore counter + who drew it, from 1; 0 is none. Any worker may die, before or after its COMMIT.
 * A: one counter, one epoch: what was once visible under a counter never changes. B: what is served stands in the table, durably, and was the newest when
 * the job's transaction looked. C: once everybody has come to rest, all that are alive agree. D: a worker that knows better never serves what was before
 * the restore. E: nobody announces what does not stand. M_xxx mutants; REACH a witness. */
#define NW 3
#define counter(e) ((e) / 10)
byte row[2];                     /* committed rows, by restore counter */
byte hold[2];                    /* the uncommitted row that others wait for */
bit  restored;                   /* the server is behind what workers 0 and 1 know of its first epoch */
byte first[2];                   /* the first epoch that anybody saw under a counter */
byte mine[NW];                   /* what a worker serves under */
bit  settled[NW], died[NW];

#define NEWEST (row[1] != 0 -> row[1] : row[0])
inline see(e) {                  /* A */
	if
	:: e != 0 && first[counter(e)] == 0 -> first[counter(e)] = e
	:: e != 0 && first[counter(e)] != 0 -> assert(first[counter(e)] == e)
	:: else
	fi
}

proctype Worker(byte w) {
	byte found, want, k; bit knows, sent;
establish:
	atomic { found = NEWEST; see(found); knows = (w < 2 && restored) };
	if
	:: atomic { found == 0 -> want = w + 1; k = 0; goto insert }
	:: atomic { found != 0 && knows && counter(found) == 0 -> want = 10 + w + 1; k = 1; goto insert }
	:: atomic { found != 0 && !(knows && counter(found) == 0) -> mine[w] = found; goto serve }
	fi;
insert:	if
	:: atomic { hold[k] == 0 && row[k] == 0 -> hold[k] = want; sent = 1 }
	:: atomic { hold[k] == 0 && row[k] != 0 ->                    /* a conflict: nothing is inserted */
#ifdef M_DO_UPDATE
		hold[k] = want; sent = 1
#endif
		skip }
	:: atomic { true -> goto dead }
	fi;
#ifdef M_SERVE_UNCOMMITTED       /* serves under its own number as soon as the insert was answered */
	atomic { if :: sent -> mine[w] = want; goto serve :: else fi };
#endif
	if
	:: atomic { hold[k] == want && sent -> row[k] = want; hold[k] = 0; sent = 0 }   /* COMMIT */
	:: atomic { hold[k] == want && sent -> hold[k] = 0; sent = 0; goto dead }       /* died, rolled back */
	:: atomic { hold[k] == want && sent -> row[k] = want; hold[k] = 0; sent = 0; goto dead }    /* died, committed */
	:: atomic { !sent }
	fi;
#ifdef M_OWN_NUMBER              /* does not read back */
	atomic { mine[w] = want; goto serve };
#endif
	atomic { found = NEWEST; see(found) };
	if
	:: atomic { found != 0 -> mine[w] = found }
	:: atomic { found == 0 -> goto establish }
	fi;
serve:	/* told to brokers, and by them to clients: E */
	atomic { see(mine[w]); assert(row[counter(mine[w])] == mine[w]) };
work:	/* a job: it runs only if the newest row is the worker's; otherwise the worker establishes anew */
	if
#ifdef M_NO_CHECK
	:: atomic { true ->
#else
	:: atomic { NEWEST == mine[w] && !(w < 2 && restored && counter(mine[w]) == 0) ->
#endif
		see(mine[w]);                                                         /* A */
		assert(row[counter(mine[w])] == mine[w] && NEWEST == mine[w]);        /* B */
		assert(!(w < 2 && restored && counter(mine[w]) == 0)) }              /* D */
	:: atomic { NEWEST != mine[w] || (w < 2 && restored && counter(mine[w]) == 0) -> mine[w] = 0; goto establish }
	:: atomic { true -> goto dead }
	fi;
	if
	:: goto work
	:: atomic { settled[w] = 1 }
	fi;
	/* at rest until a job finds another epoch */
end_w:	atomic { NEWEST != mine[w] || (w < 2 && restored && counter(mine[w]) == 0) -> settled[w] = 0; mine[w] = 0; goto establish };
dead:	atomic { if :: hold[k] == want && sent -> hold[k] = 0 :: else fi; died[w] = 1; mine[w] = 0 }
}

active proctype Restore() {      /* the primary comes back from an older backup, at most once, with an epoch that workers 0 and 1 knew */
end_r:	atomic { first[0] != 0 && row[0] != 0 -> restored = 1 }
}

active proctype AtRest() {       /* C */
end_a:	atomic { (settled[0] || died[0]) && (settled[1] || died[1]) && (settled[2] || died[2]) && timeout ->
		assert(died[0] || died[1] || mine[0] == mine[1]);
		assert(died[1] || died[2] || mine[1] == mine[2]);
#ifdef REACH
		assert(!(mine[0] == 12 && mine[1] == 12 && !died[0]))         /* a witness: agreed on another worker's number, after a restore */
#endif
	}
}

init { atomic { run Worker(0); run Worker(1); run Worker(2) } }
