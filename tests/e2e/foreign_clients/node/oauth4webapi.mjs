// oauth4webapi: every request and every answer is checked by the library against its RFC.
import { check, done, facts, load, loopback, typed } from './common.mjs'

const oauth = await load('oauth4webapi')
const insecure = { [oauth.allowInsecureRequests]: true }  // http on loopback
const issuer = new URL(facts.issuer)

const as = await oauth.processDiscoveryResponse(
  issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }))

const here = await loopback()
const client = await oauth.processDynamicClientRegistrationResponse(
  await oauth.dynamicClientRegistrationRequest(as, {
    client_name: 'oauth4webapi',
    redirect_uris: [here.redirectUri],
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    token_endpoint_auth_method: 'client_secret_post',
  }, insecure))
const auth = oauth.ClientSecretPost(client.client_secret)

const verifier = oauth.generateRandomCodeVerifier()
const state = oauth.generateRandomState()
const asked = new URL(as.authorization_endpoint)
asked.search = new URLSearchParams({
  client_id: client.client_id,
  redirect_uri: here.redirectUri,
  response_type: 'code',
  scope: facts.plainScope,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
})
const params = oauth.validateAuthResponse(as, client, await here.visit(asked), state)
const tokens = await oauth.processAuthorizationCodeResponse(as, client,
  await oauth.authorizationCodeGrantRequest(as, client, auth, params, here.redirectUri, verifier, insecure))

const renewed = await oauth.processRefreshTokenResponse(as, client,
  await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token, insecure))
check(renewed.access_token !== tokens.access_token, 'refreshing gave the same token')

const user = await oauth.processUserInfoResponse(as, client, oauth.skipSubjectCheck,
  await oauth.userInfoRequest(as, client, renewed.access_token, insecure))

const introspect = async () => oauth.processIntrospectionResponse(as, client,
  await oauth.introspectionRequest(as, client, auth, renewed.access_token, insecure))
const live = await introspect()
check(live.active && live.client_id === client.client_id && live.sub === user.sub, 'not introspected')

// As an API would (RFC 9068): signature, issuer, audience, lifetime.
const request = new Request(facts.issuer, { headers: { authorization: `Bearer ${renewed.access_token}` } })
const claims = await oauth.validateJwtAccessToken(as, request, facts.issuer, insecure)
check(claims.sub === user.sub, 'the access token names somebody else')

await oauth.processRevocationResponse(
  await oauth.revocationRequest(as, client, auth, renewed.refresh_token, insecure))
check((await introspect()).active === false, 'still active after revocation')

const started = await oauth.processDeviceAuthorizationResponse(as, client,
  await oauth.deviceAuthorizationRequest(as, client, auth, { scope: facts.plainScope }, insecure))
await typed(started)
const device = await oauth.processDeviceCodeResponse(as, client,
  await oauth.deviceCodeGrantRequest(as, client, auth, started.device_code, insecure))
check(device.refresh_token, 'no refresh token for the device')

done({ email: user.email, sub: user.sub })
