// openid-client: OpenID discovery, registration, ID token (signature, nonce, at_hash), and the rest.
import { check, done, facts, load, loopback, typed } from './common.mjs'

const oidc = await load('openid-client')
const insecure = { execute: [oidc.allowInsecureRequests] }  // http on loopback
const here = await loopback()
const config = await oidc.dynamicClientRegistration(new URL(facts.issuer), {
  client_name: 'openid-client',
  redirect_uris: [here.redirectUri],
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  token_endpoint_auth_method: 'none',
  id_token_signed_response_alg: facts.idTokenAlg,
}, oidc.None(), insecure)
oidc.enableNonRepudiationChecks(config)  // verify signatures even of tokens that came directly

const verifier = oidc.randomPKCECodeVerifier()
const [state, nonce] = [oidc.randomState(), oidc.randomNonce()]
const asked = oidc.buildAuthorizationUrl(config, {
  redirect_uri: here.redirectUri,
  scope: facts.scope,
  code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
})
const tokens = await oidc.authorizationCodeGrant(config, await here.visit(asked), {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  idTokenExpected: true,
})
const claims = tokens.claims()
check(claims.nonce === nonce && claims.iss === facts.issuer, 'the ID token is for another request')

const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token)
check(renewed.access_token !== tokens.access_token, 'refreshing gave the same token')
const user = await oidc.fetchUserInfo(config, renewed.access_token, claims.sub)
check((await oidc.tokenIntrospection(config, renewed.access_token)).active, 'not active')
await oidc.tokenRevocation(config, renewed.refresh_token)
check(!(await oidc.tokenIntrospection(config, renewed.access_token)).active, 'still active')

const started = await oidc.initiateDeviceAuthorization(config, { scope: facts.scope })
await typed(started)
// The person was quick: nothing is gained by sleeping the interval before the only poll.
const device = await oidc.pollDeviceAuthorizationGrant(config, { ...started, interval: 0.01 })
check(device.refresh_token && device.claims().sub === claims.sub, 'another person on the device')

const { alg } = JSON.parse(Buffer.from(tokens.id_token.split('.')[0], 'base64url'))
done({ email: user.email, alg })
