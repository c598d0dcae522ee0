/*
 * For LD_PRELOAD: OpenSMTPD 6.8 cannot do TLS with OpenSSL 3 (its issue 1171). The process that
 * speaks TLS marks the key that another one holds, but OpenSSL hands out a copy to be marked.
 * Here the copy takes the key's place.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

RSA *EVP_PKEY_get1_RSA(EVP_PKEY *key)
{
	RSA *(*get)(EVP_PKEY *) = (RSA * (*)(EVP_PKEY *)) dlsym(RTLD_NEXT, "EVP_PKEY_get1_RSA");
	RSA *rsa = get(key);

	if (rsa && !EVP_PKEY_set1_RSA(key, rsa)) {
		RSA_free(rsa);
		rsa = NULL;
	}
	return rsa;
}
