"""More methods that both SDKs have; see agreeing_."""

from datetime import timedelta

from tests.e2e.agreeing_ import (
    GONE,
    INLINE,
    ITEM,
    KEY,
    PERMISSIONS,
    PRODUCT,
    PROVIDER,
    TEAM,
    TEAMS,
    USERS,
    Case,
    kept,
)

KEYS = [
    Case("CurrentUser.create_api_key",
         "w.key = await w.user.createApiKey("
         "{ description: 'Build', expiresAt: new Date(4102444800000) })",
         lambda app, server, w, facts: kept(w, "key", w.user.create_api_key(
             description="Build", expires_at=facts["far_away"])), f"{KEY} userId"),
    Case("StackServerApp.get_user(api_key)", "server.getUser({ apiKey: w.key.value })",
         lambda app, server, w, facts: server.get_user(api_key=w.key.api_key), "id"),
    Case("ApiKey.update", "w.key.update({ description: 'Laptop' })",
         lambda app, server, w, facts: w.key.update(description="Laptop")),
    Case("CurrentUser.list_api_keys", "w.user.listApiKeys()",
         lambda app, server, w, facts: w.user.list_api_keys(), f"{KEY} userId"),
    Case("ServerUser.list_api_keys", "w.there.listApiKeys()",
         lambda app, server, w, facts: w.there.list_api_keys(), f"{KEY} userId"),
    Case("ApiKey.revoke", "w.key.revoke()", lambda app, server, w, facts: w.key.revoke()),
    Case("StackServerApp.get_user(revoked api_key)", "server.getUser({ apiKey: w.key.value })",
         lambda app, server, w, facts: server.get_user(api_key=w.key.api_key)),
    Case("Team.create_api_key", "w.teamKey = await w.team.createApiKey({ description: 'Deploy' })",
         lambda app, server, w, facts: kept(
             w, "team_key", w.team.create_api_key(description="Deploy")), f"{KEY} teamId"),
    Case("StackServerApp.get_team(api_key)", "server.getTeam({ apiKey: w.teamKey.value })",
         lambda app, server, w, facts: server.get_team(api_key=w.team_key.api_key), TEAM),
    Case("StackServerApp.get_user(a team's key)", "server.getUser({ apiKey: w.teamKey.value })",
         lambda app, server, w, facts: server.get_user(api_key=w.team_key.api_key)),
    Case("Team.list_api_keys", "w.team.listApiKeys()",
         lambda app, server, w, facts: w.team.list_api_keys(), f"{KEY} teamId"),
]  # fmt: skip

FEATURES = [
    Case("StackServerApp.create_oauth_provider",
         "w.made = Object.assign({}, await server.createOAuthProvider({ userId: facts.me, "
         "accountId: facts.email, email: facts.email, providerConfigId: 'work', "
         "allowSignIn: true, allowConnectedAccounts: false }))",
         lambda app, server, w, facts: server.create_oauth_provider(
             user_id=facts["me"], account_id=facts["email"], email=facts["email"],
             provider_config_id="work", allow_sign_in=True, allow_connected_accounts=False),
         f"{PROVIDER} accountId userId"),
    Case("CurrentUser.list_oauth_providers", "w.user.listOAuthProviders()",
         lambda app, server, w, facts: w.user.list_oauth_providers(), f"{PROVIDER} userId"),
    Case("OAuthProvider.update",
         "(await w.user.listOAuthProviders())[0].update({ allowSignIn: false })",
         lambda app, server, w, facts: w.user.list_oauth_providers().items[0].update(
             allow_sign_in=False)),
    Case("ServerUser.list_oauth_providers", "w.there.listOAuthProviders()",
         lambda app, server, w, facts: w.there.list_oauth_providers(), f"{PROVIDER} accountId"),
    Case("ServerOAuthProvider.update",
         "(await w.there.listOAuthProviders())[0].update({ email: 'new@example.com' })",
         lambda app, server, w, facts: w.there.list_oauth_providers().items[0].update(
             email="new@example.com")),
    Case("OAuthProvider.delete", "(await w.user.listOAuthProviders())[0].delete()",
         lambda app, server, w, facts: w.user.list_oauth_providers().items[0].delete()),
    Case("CurrentUser.get_oauth_provider(gone)", f"w.user.getOAuthProvider('{GONE}')",
         lambda app, server, w, facts: w.user.get_oauth_provider(GONE)),
    Case("DataVaultStore.get(nothing)",
         "(await server.getDataVaultStore('tokens')).getValue(facts.me, { secret: 's' })",
         lambda app, server, w, facts: server.get_data_vault_store("tokens").get(
             facts["me"], secret="s")),
    Case("DataVaultStore.set",
         "(await server.getDataVaultStore('tokens')).setValue(facts.me, 'vä', { secret: 's' })",
         lambda app, server, w, facts: server.get_data_vault_store("tokens").set(
             facts["me"], "vä", secret="s")),
    Case("DataVaultStore.get",
         "(await server.getDataVaultStore('tokens')).getValue(facts.me, { secret: 's' })",
         lambda app, server, w, facts: server.get_data_vault_store("tokens").get(
             facts["me"], secret="s")),
    Case("DataVaultStore.get(no such store)",
         "(await server.getDataVaultStore('nothing')).getValue('k', { secret: 's' })",
         lambda app, server, w, facts: server.get_data_vault_store("nothing").get(
             "k", secret="s")),
    Case("StackServerApp.send_email",
         "server.sendEmail({ userIds: [facts.me], subject: 'Hello', html: '<p>Hi</p>' })",
         lambda app, server, w, facts: (server.send_email(
             user_ids=[facts["me"]], subject="Hello", html="<p>Hi</p>"), None)[1]),
    Case("StackServerApp.send_email(to nobody)",
         f"server.sendEmail({{ userIds: ['{GONE}'], subject: 'Hello', html: '<p>Hi</p>' }})",
         lambda app, server, w, facts: server.send_email(
             user_ids=[GONE], subject="Hello", html="<p>Hi</p>")),
    Case("StackServerApp.get_item", "server.getItem({ userId: facts.me, itemId: 'credits' })",
         lambda app, server, w, facts: server.get_item("credits", user_id=facts["me"]), ITEM),
    Case("ServerItem.increase_quantity",
         "(await server.getItem({ userId: facts.me, itemId: 'credits' })).increaseQuantity(5)",
         lambda app, server, w, facts: server.get_item(
             "credits", user_id=facts["me"]).increase_quantity(5)),
    Case("ServerItem.try_decrease_quantity",
         "(await server.getItem({ userId: facts.me, itemId: 'credits' })).tryDecreaseQuantity(3)",
         lambda app, server, w, facts: server.get_item(
             "credits", user_id=facts["me"]).try_decrease_quantity(3)),
    Case("ServerItem.try_decrease_quantity(too much)",
         "(await server.getItem({ userId: facts.me, itemId: 'credits' })).tryDecreaseQuantity(3)",
         lambda app, server, w, facts: server.get_item(
             "credits", user_id=facts["me"]).try_decrease_quantity(3)),
    Case("ServerItem.decrease_quantity",
         "(await server.getItem({ userId: facts.me, itemId: 'credits' })).decreaseQuantity(3)",
         lambda app, server, w, facts: server.get_item(
             "credits", user_id=facts["me"]).decrease_quantity(3)),
    Case("CurrentUser.get_item", "w.user.getItem('credits')",
         lambda app, server, w, facts: w.user.get_item("credits"), ITEM),
    Case("CurrentUser.get_item(unknown)", "w.user.getItem('nothing')",
         lambda app, server, w, facts: w.user.get_item("nothing"), ITEM),
    Case("StackServerApp.grant_product",
         "server.grantProduct({ userId: facts.me, productId: 'pro' })",
         lambda app, server, w, facts: server.grant_product(
             user_id=facts["me"], product_id="pro")),
    Case("StackServerApp.grant_product(inline)",
         "server.grantProduct({ userId: facts.me, product: facts.inline })",
         lambda app, server, w, facts: server.grant_product(
             user_id=facts["me"], product=INLINE)),
    Case("StackServerApp.grant_product(unknown)",
         "server.grantProduct({ userId: facts.me, productId: 'nothing' })",
         lambda app, server, w, facts: server.grant_product(
             user_id=facts["me"], product_id="nothing")),
    Case("CurrentUser.list_products", "w.user.listProducts()",
         lambda app, server, w, facts: w.user.list_products(), PRODUCT),
    Case("StackServerApp.list_products", "server.listProducts({ userId: facts.me })",
         lambda app, server, w, facts: server.list_products(user_id=facts["me"]), PRODUCT),
    Case("StackClientApp.cancel_subscription", "app.cancelSubscription({ productId: 'pro' })",
         lambda app, server, w, facts: app.cancel_subscription("pro")),
    Case("CurrentUser.get_billing", "w.user.getBilling()",
         lambda app, server, w, facts: w.user.get_billing(), "hasCustomer"),
    Case("CurrentUser.create_checkout_url", "w.user.createCheckoutUrl({ productId: 'pro' })",
         lambda app, server, w, facts: w.user.create_checkout_url("pro")),
]  # fmt: skip

NO_CODE = "0" * 45
HOME = "http://localhost:3000/handler"
CODES = [
    Case("StackClientApp.send_forgot_password_email",
         f"(await app.sendForgotPasswordEmail(facts.email, {{ callbackUrl: '{HOME}' }})).status",
         lambda app, server, w, facts: (
             app.send_forgot_password_email(facts["email"], callback_url=HOME), "ok")[1]),
    Case("StackClientApp.send_forgot_password_email(nobody)",
         "(await app.sendForgotPasswordEmail('nobody@example.com', "
         f"{{ callbackUrl: '{HOME}' }})).status",
         lambda app, server, w, facts: (
             app.send_forgot_password_email("nobody@example.com", callback_url=HOME), "ok")[1]),
    Case("StackClientApp.verify_password_reset_code",
         f"app.verifyPasswordResetCode('{NO_CODE}')",
         lambda app, server, w, facts: app.verify_password_reset_code(NO_CODE)),
    Case("StackClientApp.reset_password",
         f"app.resetPassword({{ code: '{NO_CODE}', password: 'third password' }})",
         lambda app, server, w, facts: app.reset_password(
             code=NO_CODE, password="third password")),
    Case("StackClientApp.send_magic_link_email",
         f"(await app.sendMagicLinkEmail(facts.email, {{ callbackUrl: '{HOME}' }})).status",
         lambda app, server, w, facts: (
             app.send_magic_link_email(facts["email"], callback_url=HOME), "ok")[1]),
    Case("StackClientApp.send_magic_link_email(to a stranger's page)",
         "app.sendMagicLinkEmail(facts.email, { callbackUrl: 'https://elsewhere.example/' })",
         lambda app, server, w, facts: app.send_magic_link_email(
             facts["email"], callback_url="https://elsewhere.example/")),
    Case("StackClientApp.sign_in_with_magic_link",
         f"app.signInWithMagicLink('{NO_CODE}', {{ noRedirect: true }})",
         lambda app, server, w, facts: app.sign_in_with_magic_link(NO_CODE)),
    Case("StackClientApp.sign_in_with_mfa",
         f"app.signInWithMfa('000000', '{NO_CODE}', {{ noRedirect: true }})",
         lambda app, server, w, facts: app.sign_in_with_mfa("000000", code=NO_CODE)),
    Case("StackClientApp.verify_email", f"app.verifyEmail('{NO_CODE}')",
         lambda app, server, w, facts: app.verify_email(NO_CODE)),
    Case("StackClientApp.verify_team_invitation_code",
         f"app.verifyTeamInvitationCode('{NO_CODE}')",
         lambda app, server, w, facts: app.verify_team_invitation_code(NO_CODE)),
    Case("StackClientApp.get_team_invitation_details",
         f"app.getTeamInvitationDetails('{NO_CODE}')",
         lambda app, server, w, facts: app.get_team_invitation_details(NO_CODE)),
    Case("StackClientApp.accept_team_invitation", f"app.acceptTeamInvitation('{NO_CODE}')",
         lambda app, server, w, facts: app.accept_team_invitation(NO_CODE)),
    Case("StackClientApp.sign_in_with_credential(wrong)",
         "app.signInWithCredential("
         "{ email: facts.email, password: 'wrong one', noRedirect: true })",
         lambda app, server, w, facts: app.sign_in_with_credential(
             email=facts["email"], password="wrong one")),
    Case("StackClientApp.sign_up_with_credential(taken)",
         "app.signUpWithCredential("
         "{ email: facts.email, password: 'long enough', noVerificationCallback: true, "
         "noRedirect: true })",
         lambda app, server, w, facts: app.sign_up_with_credential(
             email=facts["email"], password="long enough", no_verification_callback=True)),
    Case("CurrentUser.set_password(there is one)",
         "w.user.setPassword({ password: 'long enough' })",
         lambda app, server, w, facts: w.user.set_password("long enough")),
    Case("CurrentUser.get_connected_account(not connected)", "w.user.getConnectedAccount('work')",
         lambda app, server, w, facts: w.user.get_connected_account("work")),
    Case("StackServerApp.create_user",
         "w.second = await server.createUser({ primaryEmail: 'second-' + facts.email, "
         "displayName: 'Second', primaryEmailVerified: true })",
         lambda app, server, w, facts: kept(w, "second", server.create_user(
             primary_email="second-" + facts["email"], display_name="Second",
             primary_email_verified=True)),
         "displayName primaryEmail primaryEmailVerified hasPassword"),
    Case("StackServerApp.create_user(taken)",
         "server.createUser({ primaryEmail: facts.email, primaryEmailAuthEnabled: true })",
         lambda app, server, w, facts: server.create_user(
             primary_email=facts["email"], primary_email_auth_enabled=True)),
    Case("StackServerApp.list_users", "server.listUsers({ query: 'second-' + facts.email })",
         lambda app, server, w, facts: server.list_users(query="second-" + facts["email"]),
         "displayName primaryEmail"),
    Case("ServerUser.set_primary_email",
         "w.second.setPrimaryEmail('third-' + facts.email, { verified: false })",
         lambda app, server, w, facts: w.second.set_primary_email(
             "third-" + facts["email"], verified=False)),
    Case("ServerUser after set_primary_email", "server.getUser(w.second.id)",
         lambda app, server, w, facts: server.get_user(w.second.id),
         "primaryEmail primaryEmailVerified isRestricted"),
    Case("ServerUser.set_password", "w.second.setPassword({ password: 'long enough' })",
         lambda app, server, w, facts: w.second.set_password("long enough")),
    Case("ServerUser.create_session",
         "typeof (await (await w.second.createSession({ expiresInMillis: 60000 })).getTokens())"
         ".accessToken",
         lambda app, server, w, facts: "string" if w.second.create_session(
             expires_in=timedelta(minutes=1)).get_tokens().access_token else ""),
]  # fmt: skip

LAST = [
    Case("Team.delete", "w.team.delete()", lambda app, server, w, facts: w.team.delete()),
    Case("ServerUser.delete", "w.there.delete()",
         lambda app, server, w, facts: w.there.delete()),
    Case("StackClientApp.get_user(deleted)", "app.getUser()", lambda app, *_: app.get_user()),
]  # fmt: skip

CASES = [*USERS, *TEAMS, *PERMISSIONS, *KEYS, *FEATURES, *CODES, *LAST]
