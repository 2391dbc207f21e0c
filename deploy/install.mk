# Installing: what goes where. Included by the Makefile; `make install DESTDIR=/tmp/tree PREFIX=/usr` stages a tree.

BINDIR      := $(PREFIX)/bin
UNITDIR     := $(PREFIX)/lib/systemd/system
SYSUSERSDIR := $(PREFIX)/lib/sysusers.d
TMPFILESDIR := $(PREFIX)/lib/tmpfiles.d
MANDIR      := $(PREFIX)/share/man
DOCDIR      := $(PREFIX)/share/doc/podoru
DATADIR     := $(PREFIX)/share/podoru
BASHDIR     := $(PREFIX)/share/bash-completion/completions
ZSHDIR      := $(PREFIX)/share/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
FISHDIR     := $(PREFIX)/share/fish/vendor_completions.d
CONFDIR     := $(SYSCONFDIR)/podoru
UFWDIR      := $(SYSCONFDIR)/ufw/applications.d
# Empty keeps the symbols of the binary, as it does where there is no strip(1).
STRIP       ?= $(shell command -v strip >/dev/null && echo -s)
# Not empty when there is a podoru already: then this is an upgrade. Read before anything is installed.
UPGRADED    := $(wildcard $(DESTDIR)$(BINDIR)/podoru)

# Everything that `install` makes but the operator's own files, which are in $(CONFDIR) and /var/lib/podoru.
INSTALLED := \
  $(BINDIR)/podoru $(BINDIR)/podoru-open $(UNITDIR)/podoru.service $(UNITDIR)/podoru@.service \
  $(SYSUSERSDIR)/podoru.conf $(TMPFILESDIR)/podoru.conf $(MANDIR)/man1/podoru.1 $(MANDIR)/man1/podoru-open.1 $(MANDIR)/man5/podoru.yaml.5 \
  $(BASHDIR)/podoru $(ZSHDIR)/_podoru $(FISHDIR)/podoru.fish $(UFWDIR)/podoru
INSTALLED_FOLDERS := $(DOCDIR) $(DATADIR)

# The manual of all keys with the places of an installed node.
PLACE := sed -e 's|^genesis_path: .*|genesis_path: "$(CONFDIR)/genesis.json"|' \
  -e 's|^data_dir: .*|data_dir: "/var/lib/podoru"|' \
  -e 's|^api_admin_socket: .*|api_admin_socket: "/run/podoru/admin.sock"|'
FILL := sed -e 's|@BINDIR@|$(BINDIR)|g' -e 's|@SYSCONFDIR@|$(SYSCONFDIR)|g' -e 's|@DATADIR@|$(DATADIR)|g'
# One of several nodes: the same unit with files of its own. Its runtime folder is none inside of podoru.service's, which systemd
# removes with all that is in it.
INSTANCE := sed -e 's|^Description=.*|& %i|' -e 's|podoru/node\.yaml|podoru/%i.yaml|g' -e 's|/var/lib/podoru|&/%i|g' \
  -e 's|^StateDirectory=.*|&/%i|' -e 's|/run/podoru|&-%i|g' -e 's|^RuntimeDirectory=.*|&-%i|' \
  -e 's|systemctl edit podoru|systemctl edit podoru@NAME|'

.PHONY: install install-build install-files uninstall deb image test-image test-systemd

# What sudo builds would belong to root, who mostly has no Swift on the PATH either: then what `make build` made is installed.
install-build:
	@if [ -z "$$SUDO_USER" ]; then $(MAKE) build; \
	elif [ ! -x $(RELEASE)/podoru ]; then \
	  echo "there is no $(RELEASE)/podoru yet: run \`make build\` first, without sudo" >&2; exit 69; \
	elif [ -n "$$(find Sources Package.swift -newer $(RELEASE)/podoru -print -quit)" ]; then \
	  echo "$(RELEASE)/podoru is older than its sources: if you have not yet, run \`make build\` without sudo, then this again" >&2; \
	fi

install: install-build install-files ## install as a service (PREFIX=/usr/local SYSCONFDIR=/etc DESTDIR=)
	@if [ -z "$(DESTDIR)" ] && [ "$$(id -u)" = 0 ] && [ -d /run/systemd/system ]; then \
	  systemd-sysusers $(SYSUSERSDIR)/podoru.conf && systemd-tmpfiles --create $(TMPFILESDIR)/podoru.conf && systemctl daemon-reload; \
	fi
ifeq ($(UPGRADED),)
	@echo "installed. Next:"
	@echo "  1. put the network's genesis at $(CONFDIR)/genesis.json, and bootstrap_peers into $(CONFDIR)/node.yaml"
	@echo "  2. sudo podoru check-config $(CONFDIR)/node.yaml"
	@echo "  3. sudo systemctl enable --now podoru && podoru status"
else
	@echo "upgraded; $(CONFDIR) is as it was. Next: sudo systemctl restart podoru (a node goes on with the old version until then)"
endif

install-files:
	install -d $(addprefix $(DESTDIR),$(BINDIR) $(UNITDIR) $(SYSUSERSDIR) $(TMPFILESDIR) $(MANDIR)/man1 $(MANDIR)/man5 $(BASHDIR) \
	  $(ZSHDIR) $(FISHDIR) $(UFWDIR) $(DOCDIR) $(DATADIR))
	install -d -m 0750 $(DESTDIR)$(CONFDIR)
	install -m 0755 $(STRIP) $(RELEASE)/podoru $(DESTDIR)$(BINDIR)/podoru
	install -m 0755 deploy/ufw/podoru-open $(DESTDIR)$(BINDIR)/podoru-open
	$(FILL) deploy/systemd/podoru.service.in > $(DESTDIR)$(UNITDIR)/podoru.service
	$(FILL) deploy/systemd/podoru.service.in | $(INSTANCE) > $(DESTDIR)$(UNITDIR)/podoru@.service
	chmod 0644 $(DESTDIR)$(UNITDIR)/podoru.service $(DESTDIR)$(UNITDIR)/podoru@.service
	install -m 0644 deploy/sysusers.d/podoru.conf $(DESTDIR)$(SYSUSERSDIR)/podoru.conf
	$(FILL) deploy/tmpfiles.d/podoru.conf.in > $(DESTDIR)$(TMPFILESDIR)/podoru.conf
	install -m 0644 deploy/man/podoru.1 deploy/man/podoru-open.1 $(DESTDIR)$(MANDIR)/man1
	install -m 0644 deploy/man/podoru.yaml.5 $(DESTDIR)$(MANDIR)/man5
	$(RELEASE)/podoru --generate-completion-script bash > $(DESTDIR)$(BASHDIR)/podoru
	@# It is read by a shell, not run: without the first line, which names one.
	sed -i '1{/^#!/d}' $(DESTDIR)$(BASHDIR)/podoru
	$(RELEASE)/podoru --generate-completion-script zsh > $(DESTDIR)$(ZSHDIR)/_podoru
	$(RELEASE)/podoru --generate-completion-script fish > $(DESTDIR)$(FISHDIR)/podoru.fish
	install -m 0644 deploy/ufw/podoru $(DESTDIR)$(UFWDIR)/podoru
	install -m 0644 LICENSE README.md CHANGELOG.md $(DESTDIR)$(DOCDIR)
	@# The pages that the README leads to: at night there may be no network.
	cp -r docs $(DESTDIR)$(DOCDIR)
	@# They name files that are installed, which are elsewhere in the package.
	sed -i 's|/usr/local/share/podoru|$(DATADIR)|g' $(DESTDIR)$(DOCDIR)/README.md $(DESTDIR)$(DOCDIR)/docs/*.md
	cp -r deploy/prometheus deploy/grafana deploy/proxy deploy/systemd/*.conf $(DESTDIR)$(DATADIR)
	$(PLACE) deploy/config/node.yaml > $(DESTDIR)$(DATADIR)/node.yaml
	$(FILL) deploy/config/node.short.yaml > $(DESTDIR)$(DATADIR)/node.short.yaml
	chmod -R u=rwX,go=rX $(DESTDIR)$(DATADIR) $(DESTDIR)$(DOCDIR)
	@# What the operator changes: never over a file that is there.
	@[ -e $(DESTDIR)$(CONFDIR)/node.yaml ] || \
	  install -m 0640 $(DESTDIR)$(DATADIR)/node.short.yaml $(DESTDIR)$(CONFDIR)/node.yaml

uninstall: ## remove what install made; keeps the configuration and the data
	@if [ -z "$(DESTDIR)" ] && [ -d /run/systemd/system ]; then systemctl disable --now podoru.service 2>/dev/null || true; fi
	rm -f $(addprefix $(DESTDIR),$(INSTALLED)) $(DESTDIR)$(CONFDIR)/node.yaml.new
	rm -rf $(addprefix $(DESTDIR),$(INSTALLED_FOLDERS))
	@if [ -z "$(DESTDIR)" ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
	@echo "kept: $(CONFDIR), /var/lib/podoru and the user podoru"

deb: build ## build a Debian package with the same content
	RELEASE=$(RELEASE) deploy/debian/build

image: deb ## build an OCI image of the package, without a daemon (docs/container.md)
	deploy/container/build

test-image: image ## run the image with runc: start, health check, signals, data (root)
	python3 Tests/Container/run.py

test-systemd: deb ## install, run and remove the package under a systemd of its own (root; systemd-nspawn, debootstrap)
	python3 Tests/Systemd/run.py $(SYSTEMD)
