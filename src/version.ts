// Which release this is.

/**
 * The `version` of package.json, kept equal by a test. It stands here, since a Worker has no file to
 * read and a package is built of what it imports.
 */
export const version = "0.1.0";
