// Header fields for explanations of live requests, in lower case.

/** Request field with the admin token, or a token derived from it. */
export const debugField = "tidemark-debug";

/** Response field with the explanation as JSON, shortened to fit into a field. */
export const explainField = "tidemark-explain";
