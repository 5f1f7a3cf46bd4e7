/* Idempotency keys across an asynchronous failover: two callers (0, 1) of the same work under one key, as in keys.pml, on two histories, as in
 * failover.pml. Transactions are single steps and single records of the log: the receipt, the key and the effect of a job stand or fall together. A repeated
 * answer is a receipt of its own. What is lost is what is never taken. Each caller sends a copy and a fence in each epoch; both look at one replica.
 * P1 one effect per key in each history. P2 told == receipt of the own id, also later, but for what a failover takes (then lost, after its fence).
 * P3 .value only with the effect replayed. K a key that is taken is a committed or failed job's. P4 no invalid end state.
 * M_xxx mutants; REACH_xxx witnesses. */
#define NONE      0
#define COMMITTED 1
#define FAILED    2
#define CANCELLED 3
#define LOST      4
#define NEG(o) ((o) > COMMITTED)
#define FREE 9
#define at(h, j) ((h) * 2 + (j))

byte cur;                        /* 1 after the promotion */
byte wl[2], rk[4], rp[4];       /* WAL length; per history and job: the receipt's kind and position */
byte key[2] = FREE; byte kp[2]; /* per history: whose the key is, and the position of its row */
byte eff[2], ep0[2];            /* per history: effects, and the position of the first */
byte row, fork;                  /* the epoch row of history 1; how much of history 0 was kept */
byte tl, rpos;                   /* the replica */
byte cs[4], fs[4]; bit flost[2]; /* copies and fences by at(epoch, job): 0 unsent 1 out 2 gone; the fence of epoch 1 is of kind lost */
bit  reply[4];                   /* replies in flight, by at(epoch, job) */
byte ce[2], told[2]; bit com[2], wep[2], ended[2], gaveup[2];
#ifdef M_KEY_LATER
byte owed[2] = FREE;             /* per history: whose key row is still to be written */
#endif

#define REPOCH (tl == 1 && row != 0 && rpos >= row)
#define RSEEN(j) (rp[at(tl, j)] != 0 && rpos >= rp[at(tl, j)])
#ifdef M_EPOCH_AT_MOST
#define SERVED(e, h) ((e) <= (h))
#else
#define SERVED(e, h) ((e) == (h))
#endif

inline store(h, j, k) {          /* the record of a receipt */
	if
	:: h == cur ->
		assert(k != COMMITTED || !NEG(told[j]));
		assert(told[j] == NONE || told[j] == k || (told[j] == COMMITTED && k == LOST));
		assert(!com[j] || k == COMMITTED || k == LOST || told[j] == LOST)
	:: else
	fi;
	wl[h]++; rk[at(h, j)] = k; rp[at(h, j)] = wl[h]
}
inline take(h, j) {
#ifdef M_KEY_LATER
	owed[h] = j
#else
	key[h] = j; kp[h] = wl[h]
#endif
}
inline attempt(h, j) {               /* one copy, run to its end */
	if
	:: rk[at(h, j)] != NONE
	:: rk[at(h, j)] == NONE && key[h] != FREE -> store(h, j, rk[at(h, key[h])])
	:: rk[at(h, j)] == NONE && key[h] == FREE ->
		if
		:: true -> store(h, j, COMMITTED); take(h, j); eff[h]++; assert(eff[h] == 1); ep0[h] = wl[h]         /* P1 */
		:: true -> store(h, j, FAILED); take(h, j)
		fi
	fi
}
inline fence(h, j, k) {
	if
	:: rk[at(h, j)] == NONE -> store(h, j, k);
#ifdef M_LOST_TAKES_KEY
		if :: k == LOST && key[h] == FREE -> key[h] = j; kp[h] = wl[h] :: else fi
#endif
	:: else
	fi
}
inline epoch_row(h) { if :: h == 1 && row == 0 -> wl[1]++; row = wl[1] :: else fi }
inline answer(h, j) { if :: !ended[j] -> reply[at(h, j)] = 1 :: else fi }
inline tell_epoch(j) { if :: !ended[j] -> ce[j] = 1 :: else fi }

#define AT(e, h, j) \
	:: atomic { cs[at(e, j)] == 1 && h <= cur -> epoch_row(h); \
		if :: SERVED(e, h) -> attempt(h, j); answer(h, j) :: else -> tell_epoch(j) fi; cs[at(e, j)] = 2 } \
	:: atomic { fs[at(e, j)] == 1 && h <= cur -> epoch_row(h); \
		if \
		:: SERVED(e, h) -> if :: e == 1 && flost[j] -> fence(h, j, LOST) :: else -> fence(h, j, CANCELLED) fi; answer(h, j) \
		:: else -> tell_epoch(j) \
		fi; fs[at(e, j)] = 2 }

active proctype Servers() {
end_s:	do
	AT(0, 0, 0) AT(0, 1, 0) AT(1, 1, 0)
	AT(0, 0, 1) AT(0, 1, 1) AT(1, 1, 1)
#ifdef M_KEY_LATER
	:: atomic { owed[0] != FREE && key[0] == FREE -> wl[0]++; key[0] = owed[0]; kp[0] = wl[0]; owed[0] = FREE }
	:: atomic { owed[1] != FREE && key[1] == FREE -> wl[1]++; key[1] = owed[1]; kp[1] = wl[1]; owed[1] = FREE }
#endif
	:: atomic { cur == 1 && row == 0 -> epoch_row(1) }
	:: atomic { cur == 0 ->
		do
		:: fork < wl[0] -> fork++
		:: true -> break
		od;
		cur = 1; wl[1] = fork;
		if :: rp[0] != 0 && rp[0] <= fork -> rk[2] = rk[0]; rp[2] = rp[0] :: else fi;
		if :: rp[1] != 0 && rp[1] <= fork -> rk[3] = rk[1]; rp[3] = rp[1] :: else fi;
		if :: kp[0] != 0 && kp[0] <= fork -> key[1] = key[0]; kp[1] = kp[0] :: else fi;
		if :: ep0[0] != 0 && ep0[0] <= fork -> eff[1] = 1; ep0[1] = ep0[0] :: else fi }
	:: atomic { rpos < wl[tl] -> rpos++ }
	:: atomic { tl < cur -> tl = 1; if :: rpos > fork -> rpos = fork :: else fi }
	:: atomic { key[cur] != FREE && rk[at(cur, key[cur])] != COMMITTED && rk[at(cur, key[cur])] != FAILED -> assert(false) }     /* K */
	od
}

inline tell(j, o) {
	assert(!com[j] || o == COMMITTED || o == LOST);
	assert(!NEG(o) || rk[at(cur, j)] != COMMITTED);
	assert(rk[at(cur, j)] == NONE || rk[at(cur, j)] == o || o == COMMITTED);
	assert(o != LOST || rk[at(cur, j)] == LOST);
	assert(o != COMMITTED || ce[j] < cur || (rk[at(cur, j)] == COMMITTED && eff[cur] == 1));
	told[j] = o; ended[j] = 1; reply[at(0, j)] = 0; reply[at(1, j)] = 0
}
#define REPLY(h, j) :: atomic { !ended[j] && reply[at(h, j)] -> reply[at(h, j)] = 0; \
	if \
	:: h >= ce[j] -> ce[j] = h; \
		if \
		:: rk[at(h, j)] == COMMITTED -> com[j] = 1; wep[j] = h \
		:: else -> assert(!com[j] || wep[j] < h); tell(j, rk[at(h, j)]) \
		fi \
	:: else \
	fi }

proctype Client(byte j) {
	do
	:: ended[j] -> break
	:: atomic { !ended[j] && !com[j] && !gaveup[j] && cs[at(ce[j], j)] == 0 -> cs[at(ce[j], j)] = 1 }
	:: atomic { !ended[j] && !com[j] && fs[at(ce[j], j)] == 0 && (cs[at(0, j)] != 0 || cs[at(1, j)] != 0) ->
		gaveup[j] = 1; fs[at(ce[j], j)] = 1 }
	:: atomic { !ended[j] && REPOCH && ce[j] == 0 -> ce[j] = 1 }
	REPLY(0, j) REPLY(1, j)
	:: atomic { !ended[j] && RSEEN(j) && REPOCH >= ce[j] ->
		assert(rk[at(tl, j)] != COMMITTED || (ep0[tl] != 0 && rpos >= ep0[tl]));      /* P3 */
		ce[j] = REPOCH; tell(j, rk[at(tl, j)]) }
	:: atomic { !ended[j] && com[j] && wep[j] == 0 && REPOCH && !RSEEN(j) && fs[at(1, j)] == 0 -> ce[j] = 1; flost[j] = 1; fs[at(1, j)] = 1 }
	od
}

#ifdef REACH_KEPT                /* a witness: both committed by one effect that outlived the failover */
active proctype Witness() { endw: atomic { ended[0] && ended[1] && rk[2] == COMMITTED && rk[3] == COMMITTED && row != 0 -> assert(false) } }
#endif
#ifdef REACH_AGAIN               /* a witness: one caller's effect is lost and said to be, and the other's takes the key once more */
active proctype Witness() { endw: atomic { told[0] == LOST && eff[0] == 1 && rk[0] == COMMITTED && rk[3] == COMMITTED && key[1] == 1 -> assert(false) } }
#endif

init { atomic { run Client(0); run Client(1) } }
