import { CliSignIn } from "./cli-sign-in.js";
import { session } from "./session.js";

const settings = await (await fetch("settings.json")).json();
const element = (id) => document.getElementById(id);

// The code leaves the address bar and the history, and survives the way to the sign-in page.
const given = new URLSearchParams(location.search).get("login_code");
if (given !== null) sessionStorage.setItem("login_code", given);
history.replaceState(null, "", location.pathname);

const signIn = new CliSignIn({
  ...settings,
  loginCode: sessionStorage.getItem("login_code"),
  user: async () => (session.current?.isGuest ? null : session.current),
  goToSignIn: () => location.assign("sign-in.html"),
  show: draw,
});

function draw({ state, error, hasGuest, loginCode }) {
  element("state").textContent = state;
  element("account").textContent = session.current?.email ?? "nobody";
  element("code").textContent = loginCode ? signIn.shownCode : "";
  element("error").textContent = error ?? "";
  element("authorize").hidden = state !== "idle";
  element("keep").hidden = state !== "idle" || !hasGuest;
  element("retry").hidden = state !== "error";
}

element("authorize").onclick = () => signIn.authorize();
element("retry").onclick = () => signIn.retry();
element("keep").onclick = () =>
  signIn.claimGuest((tokens) => session.keep({ ...tokens, email: "a guest", isGuest: true }));
await signIn.open();
