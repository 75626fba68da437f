// A page of one user: the route "account" of the configuration lets its cookie through, and stores nothing.
export const load = ({ cookies }) => ({ user: cookies.get("user") ?? "nobody" });
