// Every bound of the upper layer, in one place.

/** Longest A-ASSOCIATE PDU that is read; 128 contexts with ten transfer syntaxes need 100 kB. */
export const ASSOCIATE_PDU_BYTES_MAX = 1 << 20;

/** Longest A-ASSOCIATE-RJ, A-RELEASE or A-ABORT PDU that is read; PS3.8 makes them 4 bytes. */
export const FIXED_PDU_BYTES_MAX = 1024;

/** A P-DATA-TF PDU this much longer than what we announced is read and logged; beyond: abort. */
export const P_DATA_SLACK_BYTES = 1 << 20;

/** Longest P-DATA-TF PDU we send where the peer sets no limit or a larger one. */
export const SEND_PDU_BYTES_MAX = 1 << 20;

/** Shortest fragment that makes sense: PS3.8 annex E wants an even number of bytes. */
export const FRAGMENT_BYTES_MIN = 2;

/** About as much is handed to the connection at once (several PDUs). */
export const SEND_BATCH_BYTES = 1 << 20;

/** Received bytes that may wait for a slow handler before reading from the connection stops. */
export const RECEIVE_QUEUE_BYTES_MAX = 1 << 20;

/** After our A-ABORT the socket is destroyed no later than this, even when a write is blocked. */
export const ABORT_LINGER_MS = 2_000;

/** A handler still busy with what was received may take this long after the connection closed. */
export const CLOSE_DRAIN_MS = 10_000;

/** PS3.8 §9.3.2.2: contexts have odd ids of one byte. */
export const CONTEXTS_MAX = 128;

/** PS3.8 §9.3.2. */
export const AE_TITLE_CHARACTERS = 16;
