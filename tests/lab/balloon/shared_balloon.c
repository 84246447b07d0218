// SPDX-License-Identifier: BSD-2-Clause
/*
 * A driver for a guest's virtio balloon that does what Linux never does: it
 * gives the host pages which it shares with OP-TEE at that moment. OP-TEE must
 * keep the pages that it was given, and neither see nor touch what the guest
 * has in their place from then on; shared anew, they are the same for both
 * again. All of it happens while the module is loaded ("insmod
 * shared_balloon.ko", instead of virtio_balloon), which fails unless all of it
 * came true. For a guest of QEMU with OP-TEE's test PTA.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/tee_drv.h>
#include <linux/uuid.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/wait.h>
#include <uapi/linux/virtio_balloon.h>
#include <uapi/linux/virtio_ids.h>

/* A page that stays the guest's, and so shows what OP-TEE sees, and others. */
#define GIVEN 63u
#define PAGES (1u + GIVEN)
#define TEST_PTA_PARAMS 1u
#define ANSWER_SECONDS 120

enum {
	INFLATE,
	DEFLATE,
	QUEUES
};

static const uuid_t test_pta = UUID_INIT(0xd96a5b40, 0xc3e5, 0x21e3, 0x87, 0x94,
					 0x10, 0x02, 0xa5, 0xd5, 0xc6, 0x1b);

static struct virtqueue *queues[QUEUES];
static DECLARE_WAIT_QUEUE_HEAD(answered);
static u8 *buffer;

static struct tee_context *tee;
static struct tee_shm *shm;
static u32 session;

static u8 *given(unsigned int n)
{
	return buffer + (1 + n) * PAGE_SIZE;
}

/* All bytes of a page but the last, so that the sum differs with @seed. */
static void fill(u8 seed)
{
	unsigned int n;

	memset(buffer, 0, PAGES * PAGE_SIZE);
	for (n = 0; n < GIVEN; n++)
		memset(given(n), seed + n, PAGE_SIZE - 1);
}

/* How many of the pages are not as fill() left them. */
static unsigned int changed(u8 seed)
{
	unsigned int n, count = 0;

	for (n = 0; n < GIVEN; n++)
		count += memchr_inv(given(n), (u8)(seed + n), PAGE_SIZE - 1) ||
			 given(n)[PAGE_SIZE - 1] != 0;
	return count;
}

static unsigned int zeroes(void)
{
	unsigned int n, count = 0;

	for (n = 0; n < GIVEN; n++)
		count += !memchr_inv(given(n), 0, PAGE_SIZE);
	return count;
}

static u8 sum(void)
{
	u8 total = 0;
	size_t i;

	for (i = PAGE_SIZE; i < PAGES * PAGE_SIZE; i++)
		total += buffer[i];
	return total;
}

/* ---- OP-TEE ---- */

static int is_optee(struct tee_ioctl_version_data *version, const void *unused)
{
	return version->impl_id == TEE_IMPL_ID_OPTEE;
}

static int tee_start(void)
{
	struct tee_ioctl_open_session_arg arg = {
		.clnt_login = TEE_IOCTL_LOGIN_PUBLIC,
	};
	int ret;

	tee = tee_client_open_context(NULL, is_optee, NULL, NULL);
	if (IS_ERR(tee))
		return PTR_ERR(tee);
	export_uuid(arg.uuid, &test_pta);
	ret = tee_client_open_session(tee, &arg, NULL);
	if (!ret && arg.ret)
		ret = -EPROTO;
	if (ret)
		tee_client_close_context(tee);
	session = arg.session;
	return ret;
}

static void tee_stop(void)
{
	tee_client_close_session(tee, session);
	tee_client_close_context(tee);
}

static int share(void)
{
	shm = tee_shm_register_kernel_buf(tee, buffer, PAGES * PAGE_SIZE);
	return PTR_ERR_OR_ZERO(shm);
}

/* OP-TEE adds up @bytes and writes the sum where they begin. */
static int tee_sum(size_t offset, size_t bytes)
{
	struct tee_ioctl_invoke_arg arg = {
		.func = TEST_PTA_PARAMS,
		.session = session,
		.num_params = 1,
	};
	struct tee_param param = {
		.attr = TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT,
		.u.memref = { .shm_offs = offset, .size = bytes, .shm = shm },
	};
	int ret = tee_client_invoke_func(tee, &arg, &param);

	return ret ? ret : arg.ret ? -EPROTO : 0;
}

/* The sum of all pages as OP-TEE sees them; negative if it cannot tell. */
static int seen_sum(void)
{
	int ret;

	memset(buffer, 0, PAGE_SIZE);
	ret = tee_sum(0, PAGES * PAGE_SIZE);
	return ret ? ret : buffer[0];
}

/* ---- the balloon ---- */

static void answer(struct virtqueue *queue)
{
	wake_up(&answered);
}

static int tell(struct virtqueue *queue)
{
	__virtio32 *pfns = kmalloc_array(GIVEN, sizeof(*pfns), GFP_KERNEL);
	struct scatterlist sg;
	unsigned int n, bytes;
	int ret = -ENOMEM;

	if (!pfns)
		return ret;
	for (n = 0; n < GIVEN; n++)
		pfns[n] = cpu_to_virtio32(queue->vdev,
					  page_to_pfn(virt_to_page(given(n))));
	sg_init_one(&sg, pfns, GIVEN * sizeof(*pfns));
	ret = virtqueue_add_outbuf(queue, &sg, 1, pfns, GFP_KERNEL);
	if (!ret) {
		virtqueue_kick(queue);
		if (!wait_event_timeout(answered,
					virtqueue_get_buf(queue, &bytes),
					ANSWER_SECONDS * HZ))
			return -ETIMEDOUT; /* the host may still read them */
	}
	kfree(pfns);
	return ret;
}

/* ---- what must come true ---- */

static int must(bool is_so, const char *what)
{
	pr_info("shared_balloon: %s: %s\n", is_so ? "ok" : "FAIL", what);
	return is_so ? 0 : -EINVAL;
}

/* OP-TEE's pages are those that were, with the sum @was. */
static int given_away(int was)
{
	int ret = must(zeroes() == GIVEN, "the guest has new pages, of zeroes");

	ret = ret ?: must(seen_sum() == was, "OP-TEE has the old ones");
	fill(101);
	ret = ret ?: must(sum() != was, "the guest writes to the new ones");
	ret = ret ?: must(seen_sum() == was, "and OP-TEE does not see it");
	ret = ret   ?:
		      must(tee_sum(PAGE_SIZE, GIVEN * PAGE_SIZE) == 0,
			   "OP-TEE writes to the old ones");
	ret = ret ?: must(changed(101) == 0, "and the guest does not see it");
	return ret;
}

static int all(void)
{
	int was, ret = share();

	if (ret)
		return ret;
	fill(7);
	was = sum();
	ret = must(seen_sum() == was, "guest and OP-TEE have the same pages");
	ret = ret   ?:
		      must(tell(queues[INFLATE]) == 0,
			   "the balloon takes pages that are shared");
	ret = ret ?: given_away(was);
	tee_shm_free(shm);
	if (ret)
		return ret;
	ret = must(tell(queues[DEFLATE]) == 0, "the balloon gives them back");
	ret = ret ?: share();
	if (ret)
		return ret;
	fill(55);
	ret = must(seen_sum() == sum(), "shared anew, both have the same");
	tee_shm_free(shm);
	return ret;
}

/* What comes of it is what loading the module is to say. */
static int result = -ENODEV;

static int balloon_probe(struct virtio_device *device)
{
	struct virtqueue_info info[QUEUES] = {
		[INFLATE] = { "inflate", answer },
		[DEFLATE] = { "deflate", answer },
	};
	int ret = virtio_find_vqs(device, QUEUES, queues, info, NULL);

	if (ret)
		return ret;
	virtio_device_ready(device);
	result = tee_start();
	if (!result) {
		result = all();
		tee_stop();
	}
	virtio_reset_device(device);
	device->config->del_vqs(device);
	/* There is nothing that this driver would stay for. */
	return -ENODEV;
}

static const struct virtio_device_id balloon_ids[] = {
	{ VIRTIO_ID_BALLOON, VIRTIO_DEV_ANY_ID },
	{ 0 },
};

static struct virtio_driver balloon_driver = {
	.driver.name = "shared_balloon",
	.id_table = balloon_ids,
	.probe = balloon_probe,
};

static int __init shared_balloon_init(void)
{
	int ret;

	buffer = alloc_pages_exact(PAGES * PAGE_SIZE, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	ret = register_virtio_driver(&balloon_driver);
	if (!ret)
		unregister_virtio_driver(&balloon_driver);
	free_pages_exact(buffer, PAGES * PAGE_SIZE);
	return ret ? ret : result;
}

static void __exit shared_balloon_exit(void)
{
}

module_init(shared_balloon_init);
module_exit(shared_balloon_exit);
MODULE_DESCRIPTION("Gives a balloon pages that are shared with OP-TEE");
MODULE_LICENSE("Dual BSD/GPL");
