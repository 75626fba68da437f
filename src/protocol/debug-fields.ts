// The fields by which a live request asks for its explanation and gets it, in lower case.

/** Of the request: the admin token, or a token derived from it. */
export const debugField = "tidemark-debug";

/** Of the response: an explanation as JSON, without its longest parts where a field cannot hold them. */
export const explainField = "tidemark-explain";
