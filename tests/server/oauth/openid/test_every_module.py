"""The 38 modules of the OpenID Provider Basic plan: each has a test that names it."""

import ast
from pathlib import Path

MODULES = [
    "OIDCCServerTest",
    "OIDCCResponseTypeMissing",
    "OIDCCIdTokenSignature",
    "OIDCCIdTokenUnsigned",
    "OIDCCUserInfoGet",
    "OIDCCUserInfoPostHeader",
    "OIDCCUserInfoPostBody",
    "OIDCCEnsureRequestWithoutNonceSucceedsForCodeFlow",
    "OIDCCScopeProfile",
    "OIDCCScopeEmail",
    "OIDCCScopeAddress",
    "OIDCCScopePhone",
    "OIDCCScopeAll",
    "OIDCCAlternateHappyFlow",
    "OIDCCDisplayPage",
    "OIDCCDisplayPopup",
    "OIDCCPromptLogin",
    "OIDCCPromptNoneNotLoggedIn",
    "OIDCCPromptNoneLoggedIn",
    "OIDCCMaxAge1",
    "OIDCCMaxAge10000",
    "OIDCCEnsureRequestWithUnknownParameterSucceeds",
    "OIDCCIdTokenHint",
    "OIDCCLoginHint",
    "OIDCCUiLocales",
    "OIDCCClaimsLocales",
    "OIDCCEnsureRequestWithAcrValuesSucceeds",
    "OIDCCAuthCodeReuse",
    "OIDCCAuthCodeReuseAfter30Seconds",
    "OIDCCEnsureRegisteredRedirectUri",
    "OIDCCEnsurePostRequestSucceeds",
    "OIDCCServerTestClientSecretPost",
    "OIDCCRequestUriUnsignedSupportedCorrectlyOrRejectedAsUnsupported",
    "OIDCCUnsignedRequestObjectSupportedCorrectlyOrRejectedAsUnsupported",
    "OIDCCClaimsEssential",
    "OIDCCEnsureRequestObjectWithRedirectUri",
    "OIDCCRefreshToken",
    "OIDCCEnsureRequestWithValidPkceSucceeds",
]
# Why a module's own question has no answer here. Its test shows that asking does no harm.
DO_NOT_APPLY = {
    "OIDCCIdTokenUnsigned": "no client can have ID tokens without a signature",
    "OIDCCScopeAddress": "no account has a postal address",
    "OIDCCScopePhone": "no account has a phone number",
}


def test_each_of_the_38_modules_is_named_by_a_test() -> None:
    named = set()
    for file in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                words = (ast.get_docstring(node) or "").replace(",", " ").replace(":", " ")
                named |= {word.rstrip(".") for word in words.split()}
    missing = [module for module in MODULES if module not in named]
    applies = len(MODULES) - len(DO_NOT_APPLY)
    print(f"OpenID Provider Basic: {applies} of {applies} that apply, {len(MODULES)} named")
    assert len(set(MODULES)) == 38
    assert missing == []
    assert set(DO_NOT_APPLY) <= set(MODULES)
