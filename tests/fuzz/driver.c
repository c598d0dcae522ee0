/*
 * Stands in for libFuzzer: gives the target each file of a corpus directory once, and the empty
 * input. Every input lies in a block of its own size, so that a sanitizer sees each byte read
 * too far. A corpus without a file is a failure, because it would test nothing.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Runs one file. Returns 1 when it was one, 0 for anything but a regular file, -1 on failure.
 */
static int run_file(const char *path)
{
	FILE *file = fopen(path, "rbe");
	uint8_t *data = NULL;
	struct stat st;
	int result = -1;

	if (!file || fstat(fileno(file), &st) < 0)
		goto out;
	if (!S_ISREG(st.st_mode)) {
		result = 0;
		goto out;
	}
	data = malloc(st.st_size > 0 ? (size_t)st.st_size : 1);
	if (!data || fread(data, 1, (size_t)st.st_size, file) != (size_t)st.st_size)
		goto out;
	LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
	result = 1;
out:
	if (result < 0)
		perror(path);
	free(data);
	if (file)
		fclose(file);
	return result;
}

static int run_directory(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char name[4096];
	int count = 0;
	int one;

	if (!directory) {
		perror(path);
		return -1;
	}
	while (count >= 0 && (entry = readdir(directory)) != NULL) {
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		one = run_file(name);
		count = one < 0 ? -1 : count + one;
	}
	closedir(directory);
	return count;
}

int main(int argc, char *argv[])
{
	int count;

	if (argc != 2) {
		fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
		return 2;
	}
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	count = run_directory(argv[1]);
	printf("%d inputs of %s\n", count, argv[1]);
	return count > 0 ? 0 : 1;
}
