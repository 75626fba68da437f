// The version of this release.

/**
 * The `version` of package.json; a test compares them. It is a constant because a Worker has no files to
 * read.
 */
export const version = "0.1.0";
