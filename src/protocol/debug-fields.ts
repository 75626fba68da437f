// Header fields, in lower case, with which an operator gets an answer together with its
// explanation.

/** Request field with the admin token, or a token derived from it. */
export const debugField = "tidemark-debug";

/** Response field with the explanation as JSON, shortened to fit into a field. */
export const explainField = "tidemark-explain";
