// Sizes that are part of the API: `/v1/limits` publishes them.

const KIB = 1024;

/**
 * A stream of rows is cut at the last line end within this many bytes, or at the first one after. The cut depends on
 * the rows alone and never on how they arrived, since a repeated submission must give the same chunks: it MUST NOT
 * change within `/v1`.
 */
export const CHUNK_BYTES = 64 * KIB;

/** Longest row, its line feed included. */
export const MAX_LINE_BYTES = 1024 * KIB;

/** Largest sealed call of a session: a chunk of a submission, its headers, the tag. */
export const MAX_SEALED_BYTES = MAX_LINE_BYTES + 4 * KIB;

export const MAX_TOKEN_REQUEST_BYTES = 16 * KIB;
export const MAX_MANIFEST_BYTES = 16 * KIB;
export const MAX_GRANTS_BYTES = 64 * KIB;
export const MAX_CHECK_BYTES = 1024 * KIB;
export const MAX_QUERY_BYTES = 1024 * KIB;
export const MAX_ATTACHMENT_READ_BYTES = 80 * KIB;
export const MAX_SUBJECT_CALL_BYTES = 512 * KIB;
export const MAX_BUNDLE_BYTES = 2048 * KIB;

export const DEFAULT_PAGE = 50;
export const MAX_PAGE = 200;
