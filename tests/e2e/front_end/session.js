// This site's own users: their Keyturn tokens, as its sign-in page got them.
export const session = {
  get current() {
    return JSON.parse(localStorage.getItem("session"));
  },
  keep({ access_token, refresh_token, email, isGuest = false }) {
    const kept = { accessToken: access_token, refreshToken: refresh_token, email, isGuest };
    localStorage.setItem("session", JSON.stringify(kept));
  },
};
