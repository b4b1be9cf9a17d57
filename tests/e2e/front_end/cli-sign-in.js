/**
 * Signs a command-line program in from a page of your own.
 *
 * It holds the state and talks to Keyturn; drawing is yours. `show` is called with the states
 * invalid, idle, authorizing, redirecting, success and error.
 */
export class CliSignIn {
  state = "idle";
  error = null; // what went wrong, in the state "error"
  hasGuest = false; // the program was used as a guest, whose work can be kept

  /**
   * server, projectId, publishableKey: of your project.
   * loginCode: from the address; null if there is none.
   * user: async function, the signed-in user's { refreshToken }, or null for guests and strangers.
   * goToSignIn: leaves for your sign-in page, which comes back to this one.
   */
  constructor({ server, projectId, publishableKey, loginCode, user, goToSignIn, show }) {
    Object.assign(this, { server, projectId, publishableKey, loginCode, user, goToSignIn, show });
  }

  /** What the terminal shows too. Ask people to compare it. */
  get shownCode() {
    return `${this.loginCode.slice(0, 4)}-${this.loginCode.slice(4, 8)}`;
  }

  /** Find out what the code is worth. For the page's load. */
  open() {
    return this.#try(async () => {
      if (!this.loginCode) throw new CodeOver();
      const found = await this.#ask({ mode: "check" });
      this.hasGuest = found.cli_session_state === "anonymous";
      this.#become("idle");
    });
  }

  /** Sign the program in as the user. Only for a click: whoever sent the link must not decide. */
  authorize() {
    this.#become("authorizing");
    return this.#try(async () => {
      const user = await this.user();
      if (!user) {
        this.#become("redirecting");
        return this.goToSignIn();
      }
      await this.#ask({ mode: "complete", refresh_token: user.refreshToken });
      this.#become("success");
    });
  }

  /**
   * Take the guest's session over, once, and hand its tokens to `keep`. Store them before anything
   * else; signing up with the access token then turns the guest into the new account.
   */
  claimGuest(keep) {
    return this.#try(async () => {
      await keep(await this.#ask({ mode: "claim-anon-session" }));
      this.hasGuest = false;
      this.#become("redirecting");
      return this.goToSignIn();
    });
  }

  /** Do again what failed. For the state "error". */
  retry() {
    this.#become("authorizing");
    return this.#try(this.failed);
  }

  async #try(work) {
    try {
      await work();
    } catch (error) {
      this.failed = work;
      this.#become(error instanceof CodeOver ? "invalid" : "error", error.message);
    }
  }

  async #ask(body) {
    const answer = await fetch(`${this.server}/api/v1/auth/cli/complete`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-stack-access-type": "client",
        "x-stack-project-id": this.projectId,
        "x-stack-publishable-client-key": this.publishableKey,
      },
      body: JSON.stringify({ login_code: this.loginCode, ...body }),
    });
    if (answer.ok) return answer.json();
    const text = await answer.text();
    const over = body.mode === "check" || text === "Invalid login code or the code has expired";
    if (answer.status === 400 && over) throw new CodeOver();
    // Known errors are JSON with a sentence in it, the others are the sentence.
    throw new Error(answer.headers.has("x-stack-known-error") ? JSON.parse(text).error : text);
  }

  #become(state, error = null) {
    Object.assign(this, { state, error });
    this.show(this);
  }
}

/** The code is unknown, over, decided, or of another project: one answer for all. */
class CodeOver extends Error {}
