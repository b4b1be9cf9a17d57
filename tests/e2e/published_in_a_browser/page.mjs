// A site of one page: the published package as it comes, a button for everything it can do here,
// and what the site has to do where the package, the server and its mails send people.
import { StackClientApp } from "@stackframe/js";

const { server, projectId, publishableClientKey } = await (await fetch("/settings.json")).json();
const app = new StackClientApp({
  baseUrl: server,
  projectId,
  publishableClientKey,
  tokenStore: "cookie",
  redirectMethod: "window", // said, since older ones do not go anywhere by themselves
  // Newer ones make an account of whoever looks for ten seconds, to send clicks in its name, and
  // lay an overlay over sites on localhost.
  analytics: { enabled: false },
  devTool: false,
});
const form = document.forms[0];
const query = new URLSearchParams(location.search);
const attempt = () =>
  ["hexclave_mfa_attempt_code", "stack_mfa_attempt_code"].map((key) => sessionStorage[key]).find(Boolean);
const field = (name) => form.elements[name].value;
const typed = (...names) => Object.fromEntries(names.map((name) => [name, field(name)]));

const BUTTONS = {
  "Sign up": () => app.signUpWithCredential(typed("email", "password")),
  "Sign in": () => app.signInWithCredential(typed("email", "password")),
  "Sign in with Work": () => app.signInWithOAuth("work"),
  "Sign in with a passkey": () => app.signInWithPasskey(),
  "Mail me a link": () => app.sendMagicLinkEmail(field("email")),
  "I forgot my password": () => app.sendForgotPasswordEmail(field("email")),
  "Set password": () => app.resetPassword({ code: query.get("code"), password: field("password") }),
  "Enter code": () => app.signInWithMfa(field("code"), attempt()),
  "Add a passkey": async () => (await app.getUser()).registerPasskey(),
  "Connect Work": async () => (await app.getUser()).getConnectedAccount("work", { or: "redirect" }),
  "Link Work": async () => (await app.getUser()).linkConnectedAccount("work"),
  "Sign out": () => app.signOut(),
};
const PAGES = {
  "/private": () => app.getUser({ or: "redirect" }),
  "/handler/oauth-callback": () => app.callOAuthCallback(),
  "/handler/magic-link-callback": () => app.signInWithMagicLink(query.get("code")),
  "/handler/email-verification": () => app.verifyEmail(query.get("code")),
};

async function run(name, act) {
  const outcome = await act().then(
    (found) => found?.error?.errorCode ?? found?.status ?? "done",
    (error) => error.errorCode ?? error,
  );
  await show();
  document.querySelector("[role=status]").textContent = `${name}: ${outcome}`;
}

async function show() {
  const user = await app.getUser();
  const facts = user && {
    Person: user.id,
    Linked: user.oauthProviders.map((one) => one.id).join(", "),
    Passkey: user.passkeyAuthEnabled,
    Verified: user.primaryEmailVerified,
  };
  const lines = Object.entries(facts ?? {}).map(([name, value]) => {
    const line = document.createElement("li");
    line.textContent = `${name}: ${value}`;
    return line;
  });
  document.querySelector("ul").replaceChildren(...lines);
  document.querySelector("h1").textContent = user ? `Signed in as ${user.primaryEmail}` : "Signed out";
}

for (const [name, act] of Object.entries(BUTTONS)) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = name;
  button.onclick = () => run(name, act);
  form.append(button);
}
window.app = app;
if (location.pathname in PAGES) await run("This page", PAGES[location.pathname]);
else await show();
