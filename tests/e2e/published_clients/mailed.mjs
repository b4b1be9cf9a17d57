// Addresses of a user, codes by mail: verifying, signing in and up, a forgotten password.
import { assert, clientApp, email, freshUser, password, serverApp, signUp } from "./client.mjs";
import { mailbox } from "./mailbox.mjs";

const callbackUrl = "http://localhost:3000/back";

// A sign-up mails a link; its code verifies the address, once.
const address = email();
const app = clientApp();
const user = await signUp(app, address);
const [first] = await mailbox(address, 1);
assert.equal((await app.verifyEmail(first.code)).status, "ok");
assert.equal((await freshUser(user)).primaryEmailVerified, true);
const again = await app.verifyEmail(first.code);
assert.equal(again.error.errorCode, "VERIFICATION_CODE_ALREADY_USED");

// Another address, made to sign in, verified, and made the primary one.
const second = email();
const channel = await user.createContactChannel({ type: "email", value: second, usedForAuth: true });
assert.equal(channel.isVerified, false);
await channel.sendVerificationEmail({ callbackUrl });
const [mail] = await mailbox(second, 1);
assert.equal((await app.verifyEmail(mail.code)).status, "ok");
const other = clientApp();
const signedIn = await other.signInWithCredential({ email: second, password, noRedirect: true });
assert.equal(signedIn.status, "ok");
assert.equal((await other.getUser()).id, user.id);
await channel.update({ isPrimary: true });
const now = await freshUser(user);
assert.equal(now.primaryEmail, second);
const channels = await now.listContactChannels();
assert.deepEqual(
  channels.map((one) => [one.value, one.isPrimary, one.isVerified, one.usedForAuth]).sort(),
  [[address, false, true, true], [second, true, true, true]].sort(),
);
const taken = await signUp(clientApp(), email());
const theirs = await taken
  .createContactChannel({ type: "email", value: second, usedForAuth: true })
  .catch((error) => error.errorCode);
assert.equal(theirs, "CONTACT_CHANNEL_ALREADY_USED_FOR_AUTH_BY_SOMEONE_ELSE");
await channels.find((one) => one.value === address).delete();
assert.equal((await (await freshUser(user)).listContactChannels()).length, 1);

// A server adds one that is verified already.
const server = await serverApp().getUser(user.id);
const work = await server.createContactChannel({
  type: "email", value: email(), usedForAuth: false, isVerified: true,
});
assert.equal(work.isVerified, true);

// Six typed characters and the nonce sign up; the link's code signs in.
const newcomer = email();
const typing = clientApp();
const sent = await typing.sendMagicLinkEmail(newcomer, { callbackUrl });
assert.equal(sent.status, "ok");
const [invited] = await mailbox(newcomer, 1);
const typed = await typing.signInWithMagicLink(invited.typed + sent.data.nonce, { noRedirect: true });
assert.equal(typed.status, "ok");
const made = await typing.getUser();
assert.deepEqual([made.primaryEmail, made.primaryEmailVerified, made.otpAuthEnabled], [newcomer, true, true]);
await clientApp().sendMagicLinkEmail(newcomer, { callbackUrl });
const [, link] = await mailbox(newcomer, 2);
const opening = clientApp();
assert.equal((await opening.signInWithMagicLink(link.code, { noRedirect: true })).status, "ok");
assert.equal((await opening.getUser()).id, made.id);
const wrong = await opening.signInWithMagicLink(`aaaaaa${sent.data.nonce}`, { noRedirect: true });
assert.match(wrong.error.errorCode, /^VERIFICATION_CODE_/);

// A first password, a changed one, and one that was forgotten: every other session ends.
assert.equal(await made.setPassword({ password }), undefined);
const changed = "another password";
const mismatch = await made.updatePassword({ oldPassword: "not it", newPassword: changed });
assert.equal(mismatch.errorCode, "PASSWORD_CONFIRMATION_MISMATCH");
assert.equal(await made.updatePassword({ oldPassword: password, newPassword: changed }), undefined);
assert.equal((await app.sendForgotPasswordEmail(newcomer, { callbackUrl })).status, "ok");
assert.equal((await app.sendForgotPasswordEmail(email(), { callbackUrl })).status, "ok");
const [, , forgotten] = await mailbox(newcomer, 3);
assert.equal((await app.verifyPasswordResetCode(forgotten.code)).status, "ok");
const reset = await app.resetPassword({ code: forgotten.code, password: "the newest password" });
assert.equal(reset.status, "ok");
const spent = await app.verifyPasswordResetCode(forgotten.code);
assert.equal(spent.error.errorCode, "VERIFICATION_CODE_ALREADY_USED");
const last = clientApp();
const back = await last.signInWithCredential({
  email: newcomer, password: "the newest password", noRedirect: true,
});
assert.equal(back.status, "ok");
