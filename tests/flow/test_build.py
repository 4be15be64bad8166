# SPDX-License-Identifier: BSD-2-Clause
"""What each program may link at all: hostile bytes and keys live apart."""
import subprocess

import pytest

from test_conf import build


def needed(program):
    out = subprocess.run(["readelf", "-d", "%s/%s" % (build(), program)],
                         stdout=subprocess.PIPE, check=True).stdout.decode()
    return [line.partition("[")[2].partition("]")[0]
            for line in out.splitlines() if "NEEDED" in line]


def undefined(program):
    out = subprocess.run(["nm", "-D", "--undefined-only",
                          "%s/%s" % (build(), program)],
                         stdout=subprocess.PIPE, check=True).stdout.decode()
    return {line.split()[-1].partition("@")[0] for line in out.splitlines()}


def symbols(program):
    out = subprocess.run(["nm", "%s/%s" % (build(), program)],
                         stdout=subprocess.PIPE, check=True).stdout.decode()
    return {line.split()[-1].partition("@")[0] for line in out.splitlines()}


@pytest.mark.parametrize("library", [
    "libunbound", "libmilter", "libspf2", "libopendkim", "libopendmarc",
    "libpsl", "libidn2"])
def test_signer_knows_no_mail_and_no_dns(library):
    assert not [x for x in needed("postern-sign") if x.startswith(library)]


def test_signer_opens_no_network():
    """It listens on a unix socket; it looks up no name."""
    assert not undefined("postern-sign") & {
        "getaddrinfo", "gethostbyname", "res_query", "smfi_main"}


@pytest.mark.parametrize("prefix", [
    "header_", "addr_", "dkim_", "spf_", "dmarc_", "message_", "stage_",
    "edits_"])
def test_signer_has_no_code_of_upper_layers(prefix):
    assert not [s for s in symbols("postern-sign") if s.startswith(prefix)]


def test_daemon_holds_no_private_keys():
    """Nothing in it can read a private key or sign with one."""
    have = undefined("postern")
    assert not [s for s in have if s.startswith("PEM_read")], have
    assert not have & {
        "EVP_PKEY_sign", "EVP_DigestSign", "EVP_DigestSignInit",
        "EVP_DigestSignFinal", "EVP_SignFinal", "d2i_PrivateKey",
        "d2i_AutoPrivateKey", "OSSL_DECODER_CTX_new_for_pkey"}


def test_daemon_uses_none_of_the_librarys_own_dns():
    assert "opendmarc_policy_query_dmarc" not in undefined("postern")


@pytest.mark.parametrize("name", ["accept", "sigwait"])
def test_libmilter_calls_ours(name):
    """Functions that stand before those of the C library (daemon/accept.c);
    unlinked, every peer would be admitted and a reload could end us."""
    out = subprocess.run(["nm", "-D", "--defined-only", build() + "/postern"],
                         stdout=subprocess.PIPE, check=True).stdout.decode()
    assert name in [line.split()[-1].partition("@")[0]
                    for line in out.splitlines()]


@pytest.mark.parametrize("library", [
    "libunbound", "libmilter", "libspf2", "libopendkim", "libopendmarc",
    "libpsl", "libidn2", "libsodium", "libjansson", "libgmime"])
def test_scanner_knows_no_tenant_and_no_dns(library):
    assert not [x for x in needed("postern-scan") if x.startswith(library)]


@pytest.mark.parametrize("prefix", [
    "dkim_", "spf_", "dmarc_", "message_", "stage_", "conf_load", "journal_",
    "quarantine_"])
def test_scanner_has_no_code_of_upper_layers(prefix):
    assert not [s for s in symbols("postern-scan") if s.startswith(prefix)]


@pytest.mark.parametrize("program", ["postern", "postern-sign", "posternctl"])
def test_engine_is_in_the_scanner_alone(program):
    assert not [x for x in needed(program) if x.startswith("libclamav")]
    assert [x for x in needed("postern-scan") if x.startswith("libclamav")]


def test_daemon_cannot_open_the_quarantine():
    """It seals to a public key; what opens is in posternctl."""
    assert "crypto_box_seal_open" not in undefined("postern")
    assert "crypto_box_seal_open" in undefined("posternctl")
