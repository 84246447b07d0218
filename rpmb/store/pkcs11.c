// SPDX-License-Identifier: BSD-2-Clause
/*
 * A private key in a PKCS#11 token (smart card, HSM, SoftHSM), named by an
 * RFC 7512 URI: its module is loaded and spoken to directly, so that neither
 * an OpenSSL engine nor a provider need be installed, of which Debian 12 and
 * 13 do not have the same. P-256 only: that is the one curve for key
 * agreement that tokens have in common. The key never leaves the token: the
 * EVP_PKEY made here asks it for each key agreement.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* EC_KEY_METHOD is the way to do this */

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

#include "internal.h"

#ifdef RPMB_HAVE_P11KIT
#include <p11-kit/pkcs11.h>

#define PIN_BYTES_MAX 256
#define ECDH_BYTES 32
#define POINT_BYTES 65
#define SLOTS_MAX 64

struct pkcs11 {
	void *module;
	CK_FUNCTION_LIST *functions;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE private_key;
	EC_KEY_METHOD *method;
	bool initialized;
};

/* What of a URI is used; the attributes' values are decoded in place. */
struct uri {
	char *copy;
	char *token, *object, *module_path, *pin_source;
	uint8_t id[64];
	size_t id_bytes;
};

/* Decodes %XX where it stands; the number of bytes. */
static size_t percent_decode(char *text)
{
	char *from = text, *to = text, digits[3] = "";

	while (*from) {
		if (from[0] == '%' && from[1] && from[2]) {
			memcpy(digits, from + 1, 2);
			*to++ = (char)strtoul(digits, NULL, 16);
			from += 3;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
	return (size_t)(to - text);
}

static int uri_attribute(struct uri *uri, char *name,
			 struct rpmb_store_error *error)
{
	char *value = strchr(name, '=');
	size_t bytes;

	if (!value)
		return store_fail(error, -EINVAL, "see RFC 7512",
				  "'%s' in the PKCS#11 URI has no value", name);
	*value++ = '\0';
	bytes = percent_decode(value);
	if (!strcmp(name, "token")) {
		uri->token = value;
	} else if (!strcmp(name, "object")) {
		uri->object = value;
	} else if (!strcmp(name, "module-path")) {
		uri->module_path = value;
	} else if (!strcmp(name, "pin-source")) {
		uri->pin_source =
			strncmp(value, "file:", 5) ? value : value + 5;
	} else if (!strcmp(name, "id") && bytes <= sizeof(uri->id)) {
		memcpy(uri->id, value, bytes);
		uri->id_bytes = bytes;
	} else if (!strcmp(name, "pin-value")) {
		return store_fail(error, -EPERM,
				  "put it into a file of mode 0600 and say"
				  " pin-source=file:PATH",
				  "the PKCS#11 URI has a PIN in it");
	} else if (strcmp(name, "type")) {
		return store_fail(error, -EINVAL,
				  "token, object, id, module-path and"
				  " pin-source are known",
				  "'%s' in the PKCS#11 URI is not known", name);
	}
	return 0;
}

static int uri_parse(const char *text, struct uri *uri,
		     struct rpmb_store_error *error)
{
	char *at, *rest = NULL;
	int err = 0;

	memset(uri, 0, sizeof(*uri));
	uri->copy = strdup(text + strlen("pkcs11:"));
	if (!uri->copy)
		return store_fail(error, -ENOMEM, "", "out of memory");
	for (at = strtok_r(uri->copy, ";?&", &rest); at && !err;
	     at = strtok_r(NULL, ";?&", &rest))
		err = uri_attribute(uri, at, error);
	if (!err && (!uri->module_path || !uri->pin_source))
		err = store_fail(error, -EINVAL,
				 "pkcs11:token=T;object=O?module-path=/…/m.so"
				 "&pin-source=file:/…/pin",
				 "the PKCS#11 URI names no module-path, or no"
				 " pin-source");
	if (!err && !uri->object && !uri->id_bytes)
		err = store_fail(error, -EINVAL, "add object= or id=",
				 "the PKCS#11 URI names no key");
	return err;
}

static int token_fail(struct rpmb_store_error *error, const char *what,
		      CK_RV rv)
{
	if (rv == CKR_PIN_INCORRECT)
		return store_fail(error, -EPERM,
				  "correct the file before it locks itself",
				  "the token refuses the PIN");
	return store_fail(error, -EIO, "try pkcs11-tool with the same module",
			  "the token: %s failed (0x%lx)", what,
			  (unsigned long)rv);
}

static int module_load(struct pkcs11 *token, const char *path,
		       struct rpmb_store_error *error)
{
	CK_RV (*get_list)(CK_FUNCTION_LIST **);
	CK_RV rv;

	/* A bare name would be searched for along LD_LIBRARY_PATH. */
	if (path[0] != '/')
		return store_fail(error, -EINVAL, "give its whole path",
				  "module-path must be absolute");
	token->module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!token->module)
		return store_fail(error, -EINVAL, "", "%s", dlerror());
	*(void **)&get_list = dlsym(token->module, "C_GetFunctionList");
	if (!get_list || get_list(&token->functions) != CKR_OK)
		return store_fail(error, -EINVAL, "", "%s is no PKCS#11 module",
				  path);
	rv = token->functions->C_Initialize(NULL);
	if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED)
		return token_fail(error, "C_Initialize", rv);
	token->initialized = rv == CKR_OK;
	return 0;
}

/* Labels are padded with spaces to 32 bytes. */
static bool label_is(const CK_TOKEN_INFO *info, const char *label)
{
	size_t bytes = strlen(label), n;

	if (bytes > sizeof(info->label) || memcmp(info->label, label, bytes))
		return false;
	for (n = bytes; n < sizeof(info->label); n++)
		if (info->label[n] != ' ')
			return false;
	return true;
}

static int slot_find(struct pkcs11 *token, const char *label,
		     struct rpmb_store_error *error, CK_SLOT_ID *ret_slot)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count = SLOTS_MAX, n;
	CK_TOKEN_INFO info;
	CK_RV rv;

	rv = token->functions->C_GetSlotList(CK_TRUE, slots, &count);
	if (rv != CKR_OK)
		return token_fail(error, "C_GetSlotList", rv);
	for (n = 0; n < count; n++) {
		rv = token->functions->C_GetTokenInfo(slots[n], &info);
		if (rv == CKR_OK && (!label || label_is(&info, label))) {
			*ret_slot = slots[n];
			return 0;
		}
	}
	return store_fail(error, -EINVAL, "pkcs11-tool -L lists them",
			  "there is no token '%s'", label ? label : "");
}

static int login(struct pkcs11 *token, const struct uri *uri,
		 struct rpmb_store_error *error)
{
	char *pin = rpmb_secret_alloc(PIN_BYTES_MAX);
	size_t bytes;
	CK_RV rv;
	int err;

	if (!pin)
		return store_fail(error, -ENOMEM, "raise RLIMIT_MEMLOCK",
				  "memory cannot be locked");
	err = private_file_read(uri->pin_source, PIN_BYTES_MAX, pin, error,
				&bytes);
	if (!err) {
		while (bytes &&
		       (pin[bytes - 1] == '\n' || pin[bytes - 1] == '\r'))
			bytes--;
		rv = token->functions->C_Login(token->session, CKU_USER,
					       (CK_UTF8CHAR *)pin, bytes);
		if (rv != CKR_OK && rv != CKR_USER_ALREADY_LOGGED_IN)
			err = token_fail(error, "C_Login", rv);
	}
	rpmb_secret_free(pin);
	return err;
}

static int object_find(struct pkcs11 *token, const struct uri *uri,
		       CK_OBJECT_CLASS class, struct rpmb_store_error *error,
		       CK_OBJECT_HANDLE *ret_object)
{
	CK_ATTRIBUTE wanted[3] = {
		{ CKA_CLASS, &class, sizeof(class) },
	};
	CK_ULONG count = 1, found = 0;
	CK_RV rv;

	if (uri->object) {
		wanted[count].type = CKA_LABEL;
		wanted[count].pValue = uri->object;
		wanted[count++].ulValueLen = strlen(uri->object);
	}
	if (uri->id_bytes) {
		wanted[count].type = CKA_ID;
		wanted[count].pValue = (void *)uri->id;
		wanted[count++].ulValueLen = uri->id_bytes;
	}
	rv = token->functions->C_FindObjectsInit(token->session, wanted, count);
	if (rv == CKR_OK) {
		rv = token->functions->C_FindObjects(token->session, ret_object,
						     1, &found);
		token->functions->C_FindObjectsFinal(token->session);
	}
	if (rv != CKR_OK)
		return token_fail(error, "C_FindObjects", rv);
	if (found)
		return 0;
	return store_fail(error, -EINVAL, "pkcs11-tool -O lists what is there",
			  "the token has no %s key of that name",
			  class == CKO_PRIVATE_KEY ? "private" : "public");
}

/* A token gives its point as a DER octet string; some give it bare. */
static int point_read(struct pkcs11 *token, CK_OBJECT_HANDLE public_key,
		      struct rpmb_store_error *error, uint8_t *point)
{
	uint8_t value[POINT_BYTES + 2];
	CK_ATTRIBUTE attribute = { CKA_EC_POINT, value, sizeof(value) };
	CK_RV rv = token->functions->C_GetAttributeValue(
		token->session, public_key, &attribute, 1);

	if (rv == CKR_OK && attribute.ulValueLen == POINT_BYTES + 2 &&
	    value[0] == 0x04 && value[1] == POINT_BYTES) {
		memcpy(point, value + 2, POINT_BYTES);
		return 0;
	}
	if (rv == CKR_OK && attribute.ulValueLen == POINT_BYTES) {
		memcpy(point, value, POINT_BYTES);
		return 0;
	}
	return store_fail(error, -EINVAL, "use an EC key on P-256",
			  "the token's key is not on P-256");
}

static void index_make(void);
static CRYPTO_ONCE index_once = CRYPTO_ONCE_STATIC_INIT;
static int index_of_token = -1;

static void index_make(void)
{
	index_of_token = EC_KEY_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

/* The token's part of a key agreement, as OpenSSL's EC_KEY calls it. */
static int token_ecdh(unsigned char **ret_secret, size_t *ret_bytes,
		      const EC_POINT *peer, const EC_KEY *key)
{
	struct pkcs11 *token = EC_KEY_get_ex_data(key, index_of_token);
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ULONG bytes = ECDH_BYTES;
	CK_ATTRIBUTE made[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_VALUE_LEN, &bytes, sizeof(bytes) },
		{ CKA_TOKEN, &no, sizeof(no) },
		{ CKA_SENSITIVE, &no, sizeof(no) },
		{ CKA_EXTRACTABLE, &yes, sizeof(yes) },
	};
	uint8_t point[POINT_BYTES];
	CK_ECDH1_DERIVE_PARAMS ecdh = { .kdf = CKD_NULL,
					.ulPublicDataLen = sizeof(point),
					.pPublicData = point };
	CK_MECHANISM mechanism = { CKM_ECDH1_DERIVE, &ecdh, sizeof(ecdh) };
	CK_ATTRIBUTE value = { CKA_VALUE, NULL, ECDH_BYTES };
	CK_OBJECT_HANDLE secret;
	CK_RV rv;

	if (EC_POINT_point2oct(EC_KEY_get0_group(key), peer,
			       POINT_CONVERSION_UNCOMPRESSED, point,
			       sizeof(point), NULL) != sizeof(point))
		return 0;
	rv = token->functions->C_DeriveKey(token->session, &mechanism,
					   token->private_key, made, 6,
					   &secret);
	if (rv != CKR_OK)
		return 0;
	value.pValue = OPENSSL_malloc(ECDH_BYTES);
	rv = token->functions->C_GetAttributeValue(token->session, secret,
						   &value, 1);
	token->functions->C_DestroyObject(token->session, secret);
	if (!value.pValue || rv != CKR_OK || value.ulValueLen != ECDH_BYTES) {
		OPENSSL_clear_free(value.pValue, ECDH_BYTES);
		return 0;
	}
	*ret_secret = value.pValue;
	*ret_bytes = ECDH_BYTES;
	return 1;
}

/* An EVP_PKEY whose private half is the token's. */
static int key_make(struct pkcs11 *token, const uint8_t *point,
		    struct rpmb_store_error *error, EVP_PKEY **ret_key)
{
	EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	EVP_PKEY *key = EVP_PKEY_new();

	token->method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
	CRYPTO_THREAD_run_once(&index_once, index_make);
	if (ec && key && token->method && index_of_token >= 0) {
		EC_KEY_METHOD_set_compute_key(token->method, token_ecdh);
		if (EC_KEY_oct2key(ec, point, POINT_BYTES, NULL) &&
		    EC_KEY_set_method(ec, token->method) &&
		    EC_KEY_set_ex_data(ec, index_of_token, token) &&
		    EVP_PKEY_assign_EC_KEY(key, ec)) {
			*ret_key = key;
			return 0;
		}
	}
	EC_KEY_free(ec);
	EVP_PKEY_free(key);
	return store_fail(error, -EIO, "", "OpenSSL refuses the token's key");
}

static int token_open(struct pkcs11 *token, const struct uri *uri,
		      struct rpmb_store_error *error, EVP_PKEY **ret_key)
{
	CK_OBJECT_HANDLE public_key = 0;
	uint8_t point[POINT_BYTES];
	CK_SLOT_ID slot = 0;
	CK_RV rv;
	int err = module_load(token, uri->module_path, error);

	if (!err)
		err = slot_find(token, uri->token, error, &slot);
	if (err)
		return err;
	rv = token->functions->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL,
					     NULL, &token->session);
	if (rv != CKR_OK)
		return token_fail(error, "C_OpenSession", rv);
	err = login(token, uri, error);
	if (!err)
		err = object_find(token, uri, CKO_PRIVATE_KEY, error,
				  &token->private_key);
	if (!err)
		err = object_find(token, uri, CKO_PUBLIC_KEY, error,
				  &public_key);
	if (!err)
		err = point_read(token, public_key, error, point);
	return err ? err : key_make(token, point, error, ret_key);
}

int pkcs11_open(const char *text, struct rpmb_store_error *error,
		struct pkcs11 **ret_token, struct evp_pkey_st **ret_key)
{
	struct pkcs11 *token = calloc(1, sizeof(*token));
	struct uri uri;
	int err;

	if (!token)
		return store_fail(error, -ENOMEM, "", "out of memory");
	err = uri_parse(text, &uri, error);
	if (!err)
		err = token_open(token, &uri, error, ret_key);
	free(uri.copy);
	if (err)
		pkcs11_close(token);
	else
		*ret_token = token;
	return err;
}

void pkcs11_close(struct pkcs11 *token)
{
	if (!token)
		return;
	if (token->session)
		token->functions->C_CloseSession(token->session);
	if (token->initialized)
		token->functions->C_Finalize(NULL);
	if (token->method) /* unlike other free functions */
		EC_KEY_METHOD_free(token->method);
	/* The module stays loaded: some leave threads and handlers behind. */
	free(token);
}

#else /* without p11-kit's header */

int pkcs11_open(const char *uri, struct rpmb_store_error *error,
		struct pkcs11 **ret_token, struct evp_pkey_st **ret_key)
{
	(void)uri;
	(void)ret_token;
	(void)ret_key;
	return store_fail(error, -EOPNOTSUPP,
			  "build it with libp11-kit-dev installed",
			  "this rpmbctl was built without PKCS#11");
}

void pkcs11_close(struct pkcs11 *token)
{
	(void)token;
}
#endif
